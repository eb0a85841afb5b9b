"""The seam between the search and whatever draws and observes: the Evaluator protocol and what it returns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from optimizer.evaluate.image_cache import CachedRenderer
from optimizer.point import Job, Point
from scorers.observe.observation import Observation


@dataclass(frozen=True)
class Evaluation:
    seed: int
    point: Point
    image: Path
    observation: Observation


class Evaluator(Protocol):
    """What a study draws and looks with: this process, or workers elsewhere. What was done before is not done again."""

    renderer: CachedRenderer

    def identity(self) -> Mapping[str, Any]:
        """All that decides an image besides its job, as JSON values."""
        ...

    def place(self, job: Job) -> Path:
        """Where its image lies, or would lie, drawn alone."""
        ...

    def restore(self, seed: int, point: Point, copy: Path) -> None:
        """Puts back an image that was drawn alone and has left the cache, from a copy that is kept elsewhere."""
        ...

    def evaluate(self, seed: int, point: Point) -> Evaluation:
        """Draws one image alone, and looks."""
        ...

    def evaluate_all(self, jobs: Sequence[Job]) -> Iterator[Evaluation]:
        """The same of many jobs, in their order, drawn together as many at a time as is best."""
        ...

    def evaluate_each(self, jobs: Mapping[int, Job]) -> Iterator[tuple[int, Evaluation]]:
        """Each alone, in the order in which they are done; with more than one worker, at the same time."""
        ...

    def width(self) -> int:
        """How many images are drawn at the same time."""
        ...
