"""The seam between the search and whatever draws and observes: the Evaluator protocol and what it returns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from optimizer.point import Job, Point
from scorers.observe.observation import Observation


@dataclass(frozen=True)
class Evaluation:
    """One job's stored image, and what was observed in it."""

    seed: int
    point: Point
    image: Path
    observation: Observation


class Evaluator(Protocol):
    """Turns jobs into images and observations. The study runner calls it for every image of calibration, search and proof.

    It guarantees that
    - equal jobs give equal evaluations, whichever process asks, and nothing is drawn or observed twice;
    - an evaluation that was returned is stored, so that a killed run loses at most the batch in flight;
    - what fails to be drawn is an evaluation too, whose observation names the reason in `failed`;
    - `identity`, `place`, `find_image`, `restore`, and `load` and `evaluate*` of stored evaluations open no model.

    An image drawn in a batch differs from the same image drawn alone by rounding, and never stands for one asked for alone.
    `optimizer.testing.evaluator_conformance` checks it.
    """

    def identity(self) -> Mapping[str, Any]:
        """Everything that decides an image besides its job, as JSON values."""
        ...

    def place(self, job: Job) -> Path:
        """The file of the job's image, drawn alone, whether it is there or not."""
        ...

    def find_image(self, job: Job, *, alone: bool) -> Path | None:
        """The stored image: drawn alone or, unless `alone`, in a batch. None if there is none."""
        ...

    def restore(self, job: Job, copy: Path) -> None:
        """Puts an image that was drawn alone back into the cache from a copy that is stored elsewhere, if there is one."""
        ...

    def load(self, job: Job, *, alone: bool) -> Evaluation | None:
        """The stored evaluation, None if it is not stored. Never draws; may observe a stored image anew."""
        ...

    def evaluate(self, seed: int, point: Point) -> Evaluation:
        """Draws one image alone and observes it."""
        ...

    def evaluate_all(self, jobs: Sequence[Job]) -> Iterator[Evaluation]:
        """Evaluations in the order of their jobs, drawn in batches of the renderer's preferred size."""
        ...

    def evaluate_each(self, jobs: Mapping[int, Job]) -> Iterator[tuple[int, Evaluation]]:
        """Evaluations of jobs drawn alone, by key, in the order in which they finish; several workers draw at the same time."""
        ...

    def width(self) -> int:
        """How many images are drawn at the same time."""
        ...
