"""A mended picture of a trial: parts of it drawn again, the rest pixel for pixel the trial's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from optimizer.search.judged_point import Judged
    from scorers.score.scores import Scores
    from studies.run.mended.held import Held

PART_WORDS: Final[Mapping[str, str]] = {"hands": "the hands", "face": "the face", "feet": "the feet"}
"""What parts are called in sentences."""


@dataclass(frozen=True)
class Redrawn:
    """One place of a picture that was redrawn, and how."""

    part: str
    """hands, face or feet."""
    seed: int
    """Of the noise."""
    strength: float
    """A1111's denoising strength, in (0, 1]."""
    padding: int
    """Pixels of the picture around the mask: "Masked area padding"."""
    blur: int
    """Standard deviation of the mask's edge in pixels: "Mask blur"."""
    box: tuple[int, int, int, int]
    """What was cut out, enlarged and drawn: left, top, right, bottom in pixels."""
    mask: tuple[int, int, int, int]
    """What was redrawn of it."""

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "box": list(self.box), "mask": list(self.mask)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Redrawn:
        """Raises ValueError for what is none."""
        from pydantic import TypeAdapter

        return TypeAdapter(cls).validate_python(stored)


@dataclass(frozen=True)
class Mended:
    """What is kept beside a trial's picture, judged by the requirements as they are now."""

    trial: int
    """The number of the trial whose picture was mended."""
    image: Path
    """In the workspace's `mended`."""
    redrawn: tuple[Redrawn, ...]
    judged: Judged
    """The trial's point with the violations of the mended picture alone."""
    scores: Scores
    bare: bool = False
    """Whether it may show a figure with little clothing."""
    held: Held | None = None
    """The ControlNet that led it; None for none."""

    @property
    def parts(self) -> tuple[str, ...]:
        """What was redrawn, once each."""
        return tuple(dict.fromkeys(one.part for one in self.redrawn))

    @property
    def feasible(self) -> bool:
        """Whether the mended picture meets every requirement. Its robustness and its proof are not those of a pick."""
        return self.judged.feasible

    def breaks(self) -> list[str]:
        return [name for name, by in self.judged.violations.items() if not by <= 0]

    def as_json(self) -> dict[str, Any]:
        """For programs: "mended" in `huanhua show --json`."""
        scores = self.scores
        return {
            "trial": self.trial,
            "parts": list(self.parts),
            "feasible": self.feasible,
            "breaks": self.breaks(),
            "scores": {n: None if v is None else round(v, 4) for n, v in scores.expression.items()},
            **{name: value.to_json(4) for name, value in scores.whole.items()},
            "redrawn": [one.to_json() for one in self.redrawn],
            **({"control": self.held.to_json()} if self.held else {}),
            "image": str(self.image),
        }
