"""Logs a training: settings, the loss of each step, sample images, and the hash by which studies name the LoRA."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from models.io.hashing import hash_path
from models.lora.file import read_metadata
from studies.report.inputs import LORA_SHA256, MODEL_HASH
from studies.tracking.base import Tracker
from studies.tracking.events import Scalar, TrainingRecord
from trainers.prepare.manifest import NAME
from trainers.train.metadata import FINGERPRINT

if TYPE_CHECKING:
    from PIL.Image import Image

    from optimizer.render.decode import NotDrawn
    from trainers.train.progress import Trained
    from trainers.train.settings.request import TrainRequest

SHEETS: Final = 8
"""Samplings of a training, the first one aside, if `every` is None."""
BATCH: Final = 50
"""Losses that are logged together."""
HASH_LENGTH: Final = 12
"""Characters of `sshs_model_hash` by which a study's runs name a LoRA."""

DrawSamples = Callable[[], Mapping[int, "Image | NotDrawn"]]
"""Draws an image by seed with the base as it is."""


@dataclass
class TrainingLog:
    """A trainers.train.callback.TrainingCallback that logs to a tracker; `finish` ends the log."""

    tracker: Tracker
    """Where to log."""
    name: str
    """The LoRA's name."""
    params: Mapping[str, Scalar]
    """All that shapes the LoRA."""
    texts: Mapping[str, str]
    """Text files by name."""
    draw: DrawSamples
    """Draws sample images."""
    every: int | None = None
    """Steps between samples; None for an eighth of all."""
    _key: str = ""
    _steps: int = 0
    _first: int = 1
    _losses: list[float] = field(default_factory=list)

    def on_start(self, fingerprint: str, steps: int, losses: Sequence[float]) -> None:
        self._key, self._steps, self._first = fingerprint, steps, len(losses) + 1
        self.tracker.log_training(replace(self._record, losses=list(losses), texts=self.texts))

    def on_step(self, step: int, loss: float) -> None:
        self._losses.append(loss)
        if len(self._losses) >= BATCH:
            self._flush()

    def wants_sample(self, step: int) -> bool:
        return step % (self.every or max(1, self._steps // SHEETS)) == 0 or step == self._steps

    def on_sample(self, step: int) -> None:
        from PIL.Image import Image

        drawn = {f"step {step:06d} seed {seed}": image for seed, image in self.draw().items()}
        samples = {name: image for name, image in drawn.items() if isinstance(image, Image)}
        self.tracker.log_training(replace(self._record, first=step, samples=samples))

    def finish(self, trained: Trained) -> None:
        """Logs the finished file; one that was there already without losses, so that it can be found by its hash."""
        if not self._key:
            self.on_start(read_metadata(trained.path)[FINGERPRINT], trained.steps, ())
        self._flush()
        tags = {"lora": trained.hash[:HASH_LENGTH], MODEL_HASH: trained.hash, LORA_SHA256: hash_path(trained.path)}
        self.tracker.log_training(replace(self._record, first=self._first, tags=tags, finished=True))

    def _flush(self) -> None:
        self.tracker.log_training(replace(self._record, first=self._first, losses=self._losses))
        self._first += len(self._losses)
        self._losses = []

    @property
    def _record(self) -> TrainingRecord:
        return TrainingRecord(self.name, self._key, self.params, finished=False)


def training_params(request: TrainRequest, base: str, kind: str, companions: Sequence[Path]) -> dict[str, Scalar]:
    """All that shapes the LoRA, each setting under the name that `--set` takes."""
    params: dict[str, Scalar] = {
        "kind": kind,
        "trigger": request.trigger,
        "base": base,
        "dataset": str(request.dataset.resolve()),
    }
    params |= {"beside": ", ".join(path.name for path in companions)} if companions else {}
    return params | dict(_flat("", asdict(request.preset)))


def _flat(prefix: str, settings: Mapping[str, Any]) -> list[tuple[str, Scalar]]:
    flat: list[tuple[str, Scalar]] = []
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat += _flat(f"{prefix}{name}.", value)
        else:
            flat.append((f"{prefix}{name}", "x".join(map(str, value)) if isinstance(value, (tuple, list)) else value))
    return flat


def manifest_of(dataset: Path) -> dict[str, str]:
    """The set's manifest as a text by its name; empty for a folder that `prepare` did not make."""
    path = dataset / NAME
    return {NAME: path.read_text(encoding="utf-8")} if path.is_file() else {}
