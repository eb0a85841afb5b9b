"""Sample images of a training as files in a folder, for who watches it without MLflow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from studies.training.log import DrawSamples

if TYPE_CHECKING:
    from models.base.family import Base
    from trainers.train.callback import TrainingCallback
    from trainers.train.settings.request import TrainRequest

SHEETS: Final = 4
"""Samplings of a training if `every` is None."""


@dataclass
class SampleFolder:
    """A trainers.train.callback.TrainingCallback: PNG files named by step and seed. `then` follows the training too."""

    folder: Path
    draw: DrawSamples
    on_written: Callable[[int, Path], None]
    """Called with the steps done and each file."""
    then: TrainingCallback | None = None
    every: int | None = None
    """Steps between samples; None for a quarter of all."""
    _steps: int = field(default=0, init=False)

    def on_start(self, fingerprint: str, steps: int, losses: Sequence[float]) -> None:
        self._steps = steps
        if self.then is not None:
            self.then.on_start(fingerprint, steps, losses)

    def on_step(self, step: int, loss: float) -> None:
        if self.then is not None:
            self.then.on_step(step, loss)

    def wants_sample(self, step: int) -> bool:
        return step > 0 and (step % (self.every or max(1, self._steps // SHEETS)) == 0 or step == self._steps)

    def on_sample(self, step: int) -> None:
        import io

        from PIL.Image import Image

        from models.io.disk import writing
        from models.io.files import write_whole

        for seed, image in self.draw().items():
            if isinstance(image, Image):
                place, stream = self.folder / f"step-{step:06d}-seed-{seed}.png", io.BytesIO()
                image.save(stream, format="PNG")
                with writing(place):
                    write_whole(place, stream.getvalue())
                self.on_written(step, place)


def follower(
    request: TrainRequest,
    folder: Path,
    prompt: str | None,
    cfg: float,
    every: int | None,
    on_written: Callable[[int, Path], None],
    then: TrainingCallback | None = None,
) -> Callable[[Base], TrainingCallback]:
    """For `train_lora`: samples of the opened base at the set's size, of `prompt` or else the set's first caption."""
    from studies.training.samples import draw_with, sample_prompt

    def opened(base: Base) -> TrainingCallback:
        words = prompt or sample_prompt(request.dataset, request.trigger)
        return SampleFolder(folder, draw_with(base, words, request.preset.size, cfg), on_written, then, every)

    return opened
