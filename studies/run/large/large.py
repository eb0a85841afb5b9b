"""A large picture of a trial: enlarged, and redrawn in tiles where that was asked for and broke nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from optimizer.search.judged_point import Judged
    from scorers.observe.observation import Observation
    from scorers.score.scores import Scores

LANCZOS: Final = "Lanczos"
"""What enlarges where no upscaler is named, as A1111 calls it."""


@dataclass(frozen=True)
class Try:
    """One redrawing of a whole picture."""

    strength: float
    """A1111's denoising strength, in (0, 1]."""
    breaks: tuple[str, ...] = ()
    """What the picture that was enlarged does not break, or not by so much; empty for a try that is kept."""
    failed: str = ""
    """Why nothing was drawn; empty where something was."""


@dataclass(frozen=True)
class Making:
    """How a large picture was made."""

    by: float
    size: tuple[int, int]
    """(width, height) in pixels."""
    upscaler: str
    mended: bool
    """Whether it was made of the trial's mended picture."""
    tries: tuple[Try, ...] = ()
    """In order, the last one kept or none; empty where no redrawing was asked for."""
    seed: int = 0
    """Of the first tile's noise; the next tiles take those after it."""
    tile: tuple[int, int] = (0, 0)
    """(width, height) of a tile."""
    tiles: int = 0
    overlap: int = 0
    """Pixels that neighbours share at least."""
    held: str = ""
    """The ControlNet that was told each tile: its file's name, and 12 digits of its hash; empty for none."""

    @property
    def kept(self) -> Try | None:
        """The redrawing that it shows; None where it is enlarged alone."""
        return next((one for one in self.tries if not one.breaks and not one.failed), None)

    def to_json(self) -> dict[str, Any]:
        found = {**asdict(self), "size": list(self.size), "tile": list(self.tile)}
        return {**found, "tries": [{**asdict(one), "breaks": list(one.breaks)} for one in self.tries]}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Making:
        """Raises ValueError for what is none."""
        from pydantic import TypeAdapter

        return TypeAdapter(cls).validate_python(stored)


@dataclass(frozen=True)
class Large:
    """What is kept beside a trial's picture; judged, shrunk to the trial's size, by the requirements as they are now."""

    trial: int
    image: Path
    """In the workspace's `large`."""
    source: Path
    """The picture that was enlarged: the trial's own, or its mended one."""
    making: Making
    observation: Observation
    judged: Judged
    """The trial's point with the violations of the large picture alone."""
    scores: Scores
    bare: bool = False
    """Whether it may show a figure with little clothing."""

    @property
    def feasible(self) -> bool:
        return self.judged.feasible

    def breaks(self) -> list[str]:
        return [name for name, by in self.judged.violations.items() if not by <= 0]

    def as_json(self) -> dict[str, Any]:
        """For programs: "large" in `huanhua show --json`."""
        scores, kept = self.scores, self.making.kept
        return {
            "trial": self.trial,
            **self.making.to_json(),
            "redrawn": None if kept is None else kept.strength,
            "feasible": self.feasible,
            "breaks": self.breaks(),
            "scores": {n: None if v is None else round(v, 4) for n, v in scores.expression.items()},
            **{name: value.to_json(4) for name, value in scores.whole.items()},
            "image": str(self.image),
        }
