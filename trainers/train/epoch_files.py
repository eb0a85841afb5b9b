"""Files of a LoRA as it is after some of its epochs, beside the last one: `save_every_n_epochs` of kohya's scripts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.errors import InputError
from models.language.translate import phrase
from models.lora.file import read_metadata
from trainers.train.callback import TrainingCallback
from trainers.train.metadata import FINGERPRINT


@dataclass(frozen=True)
class EpochFiles:
    """Where they lie: `NAME-000002.safetensors` beside `out`, as kohya's scripts call them."""

    out: Path
    every: int
    """Epochs from one file to the next, at least 1."""
    epochs: int
    """Of the whole training; the last is that of `out`."""
    steps: int
    """Of the whole training: as many in each epoch."""

    def paths(self) -> dict[int, Path]:
        """By the epochs done; none at the last."""
        return {epoch: self.path(epoch) for epoch in range(self.every, self.epochs, self.every)}

    def path(self, epoch: int) -> Path:
        return self.out.with_name(f"{self.out.stem}-{epoch:06d}{self.out.suffix}")

    def after(self, step: int) -> int | None:
        """The epoch that ends with this step, counted from 1, if it has a file."""
        epoch, rest = divmod(step, self.steps // self.epochs)
        return epoch if not rest and epoch % self.every == 0 and 0 < epoch < self.epochs else None

    def check(self, identity: str, *, done: bool) -> None:
        """Raises InputError for a file in its place that is no LoRA and, where the training is `done` already, for one that is
        not there: only another training could make it."""
        for epoch, path in self.paths().items():
            stored = read_metadata(path).get(FINGERPRINT) if path.exists() else None
            if done and stored != epoch_identity(identity, epoch):
                mend = phrase("delete {name} to train it again, with the files in between", name=self.out.name)
                raise InputError(phrase("not there, and the training is done"), path, mend)


def epoch_identity(identity: str, epoch: int) -> str:
    """The fingerprint of what the training `identity` was after `epoch` epochs."""
    return f"{identity} after {epoch}"


@dataclass(frozen=True)
class EpochCallback:
    """A TrainingCallback that calls `write` with the epochs done where one ends that has a file, and passes all else on."""

    files: EpochFiles
    write: Callable[[int, Path], None]
    follower: TrainingCallback | None = None

    def on_start(self, fingerprint: str, steps: int, losses: Sequence[float]) -> None:
        if self.follower is not None:
            self.follower.on_start(fingerprint, steps, losses)

    def on_step(self, step: int, loss: float) -> None:
        if self.follower is not None:
            self.follower.on_step(step, loss)
        epoch = self.files.after(step)
        if epoch is not None:
            self.write(epoch, self.files.path(epoch))

    def wants_sample(self, step: int) -> bool:
        return self.follower is not None and self.follower.wants_sample(step)

    def on_sample(self, step: int) -> None:
        if self.follower is not None:
            self.follower.on_sample(step)
