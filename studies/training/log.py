"""A training as it is logged: settings, the loss of each step, sample pictures, and the hash by which studies name the LoRA."""

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

    from models.base.opening import Base
    from optimizer.render.decode import NotDrawn
    from trainers.train.preset import Preset
    from trainers.train.progress import Trained

SEEDS: Final = (1, 2)
"""Of the sample pictures: the same in all trainings, so that they can be laid side by side."""
SHEETS: Final = 8
"""How often samples are drawn in a training, if nothing is said."""
BATCH: Final = 50
"""Losses that are logged together."""
HASH_LENGTH: Final = 12
"""As much of `sshs_model_hash` as a study's runs name a LoRA by."""
SAMPLER: Final = "DPM++ 2M Karras"
STEPS: Final = 20
CFG: Final[Mapping[str, float]] = {"sd15": 7.0, "lab": 2.5}
"""By family of presets. The lab's base burns colours above 3."""

Draw = Callable[[], Mapping[int, "Image | NotDrawn"]]
"""Draws with the base as it is; a picture for each seed."""


@dataclass
class TrainingLog:
    """A trainers.train.callback.Watcher that tells a tracker. `every` is how many steps lie between samples; None for an
    eighth of all."""

    tracker: Tracker
    name: str
    params: Mapping[str, Scalar]
    texts: Mapping[str, str]
    draw: Draw
    every: int | None = None
    _key: str = ""
    _steps: int = 0
    _first: int = 1
    _losses: list[float] = field(default_factory=list)

    def begun(self, fingerprint: str, steps: int, losses: Sequence[float]) -> None:
        self._key, self._steps, self._first = fingerprint, steps, len(losses) + 1
        self.tracker.log_training(replace(self._training, losses=list(losses), texts=self.texts))

    def stepped(self, step: int, loss: float) -> None:
        self._losses.append(loss)
        if len(self._losses) >= BATCH:
            self._flush()

    def looks_at(self, step: int) -> bool:
        return step % (self.every or max(1, self._steps // SHEETS)) == 0 or step == self._steps

    def look(self, step: int) -> None:
        from PIL.Image import Image

        drawn = {f"step {step:06d} seed {seed}": found for seed, found in self.draw().items()}
        samples = {name: found for name, found in drawn.items() if isinstance(found, Image)}
        self.tracker.log_training(replace(self._training, first=step, samples=samples))

    def ended(self, trained: Trained) -> None:
        """The file is there. One that was there already is logged without losses, so that it can be found by its hash."""
        if not self._key:
            self.begun(read_metadata(trained.path)[FINGERPRINT], trained.steps, ())
        self._flush()
        tags = {"lora": trained.hash[:HASH_LENGTH], MODEL_HASH: trained.hash, LORA_SHA256: hash_path(trained.path)}
        self.tracker.log_training(replace(self._training, first=self._first, tags=tags, finished=True))

    def _flush(self) -> None:
        self.tracker.log_training(replace(self._training, first=self._first, losses=self._losses))
        self._first += len(self._losses)
        self._losses = []

    @property
    def _training(self) -> TrainingRecord:
        return TrainingRecord(self.name, self._key, self.params, finished=False)


def training_params(
    preset: Preset, base: str, dataset: Path, kind: str, trigger: str, beside: Sequence[Path]
) -> dict[str, Scalar]:
    """All that shapes the LoRA, each setting under the name that `--set` takes."""
    said: dict[str, Scalar] = {"kind": kind, "trigger": trigger, "base": base, "dataset": str(dataset.resolve())}
    said |= {"beside": ", ".join(path.name for path in beside)} if beside else {}
    return said | dict(_flat("", asdict(preset)))


def _flat(prefix: str, held: Mapping[str, Any]) -> list[tuple[str, Scalar]]:
    found: list[tuple[str, Scalar]] = []
    for name, value in held.items():
        if isinstance(value, Mapping):
            found += _flat(f"{prefix}{name}.", value)
        else:
            found.append((f"{prefix}{name}", "x".join(map(str, value)) if isinstance(value, (tuple, list)) else value))
    return found


def manifest_of(dataset: Path) -> dict[str, str]:
    """The set's manifest as a text to keep; none for a folder that `prepare` did not make."""
    path = dataset / NAME
    return {NAME: path.read_text(encoding="utf-8")} if path.is_file() else {}


def caption_of(dataset: Path, trigger: str) -> str:
    """What samples are asked for if nothing is said: the first training caption, the trigger in front."""
    from trainers.prepare.captions import compose, tags_of
    from trainers.train.dataset import first_caption

    return compose(trigger, tags_of(first_caption(dataset)))


def drawing(base: Base, prompt: str, size: tuple[int, int], cfg: float) -> Draw:
    """Draws with whatever LoRA the base carries when it is called. The base is afterwards where it was."""

    def draw() -> Mapping[int, Image | NotDrawn]:
        from optimizer.point import Job, Point
        from optimizer.render.base import Frame
        from optimizer.render.diffusers_renderer import DiffusionRenderer

        device = base.device
        renderer = DiffusionRenderer(base, {}, Frame(prompt, "", *size, STEPS, SAMPLER))
        drawn = renderer.render([Job(seed, Point({}, cfg)) for seed in SEEDS])
        models: list[Any] = [base.unet, base.text_encoder, base.vae]
        for model in models:
            # Where memory is short the renderer leaves models on the processor.
            model.to(device)
        return dict(zip(SEEDS, drawn, strict=True))

    return draw
