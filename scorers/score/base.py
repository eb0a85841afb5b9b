"""The seam to scores of an image as a whole: what a new score has to provide.

A score lives in one file of this folder, as a `Score`, and is listed in scorers.score.registry. From there it is stored,
required, plotted and printed like the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from models.boxes import ShareBox
from models.language.translate import joined, phrase
from scorers.observe.observation import Observation
from scorers.score.figures import faults_by_figure


@dataclass(frozen=True)
class Comparison:
    """An image and the images of its study that it is compared with.

    `locked` is the locked image of the seed, `plain` the seed with all LoRAs at 0, `others` are images of other seeds, empty
    where none are needed.
    """

    observation: Observation
    locked: Observation
    plain: Observation
    others: Sequence[Observation] = ()

    def by_figure(self) -> dict[str, Comparison]:
        """The same of each figure of an image of several people, by name; empty where one is expected."""
        return {
            name: Comparison(seen, self.locked.of(name), self.plain.of(name), [other.of(name) for other in self.others])
            for name, seen in self.observation.figures.items()
        }


@dataclass(frozen=True)
class Mark:
    """A place in the image that a score is based on."""

    label: str
    box: ShareBox


Measured: TypeAlias = float | tuple[str, ...]
"""A graded score's number, or the faults of a counted one, in words."""


def _no_details(_observation: Observation) -> str:
    return ""


def _no_marks(_observation: Observation) -> list[Mark]:
    return []


@dataclass(frozen=True)
class Score:
    """One score of an image as a whole. Lower is better, and 0 is the best.

    scorers.score.scores calls `measure` once an image, scorers.score.constraints calls `limit` once a seed. Both must be pure:
    stored observations are scored again whenever requirements change.
    """

    name: str
    """As it is stored with trials and named in study.yaml: never change it."""
    measure: Callable[[Comparison], Measured]
    """The score of an image that failed to render must be defined too."""
    limit: Callable[[Observation, float | None], float | None]
    """The most that is allowed, given the locked image and what the study file allows, None if it allows nothing. None: the
    score is reported and not required."""
    counted: bool = False
    """Whether `measure` gives faults in words, whose number is the value; other scores are graded."""
    optional: bool = False
    """Whether it is required only where the study file names it."""
    compares_seeds: bool = False
    """Whether it needs images of other seeds where it is required."""
    standalone: Callable[[Observation], float] | None = None
    """The score of an image that is compared with none; None where it means nothing alone."""
    details: Callable[[Observation], str] = field(default=_no_details)
    """What was counted, in words."""
    marks: Callable[[Observation], list[Mark]] = field(default=_no_marks)
    """The places that the score is based on."""
    zero: str = ""
    """What 0 means, in one word."""
    one: str = ""
    """What 1 means, in one word."""

    def most(self, locked: Observation, allowed: float | None) -> float | None:
        """The `limit` at a seed; of several figures the largest."""
        if not locked.figures:
            return self.limit(locked, allowed)
        limits = [self.limit(figure, allowed) for figure in locked.figures.values()]
        return max((limit for limit in limits if limit is not None), default=None)

    def alone(self, observation: Observation) -> float | None:
        """The `standalone` score; of several figures the worst."""
        if self.standalone is None:
            return None
        return max(self.standalone(figure) for figure in observation.figures.values() or [observation])

    def of(self, comparison: Comparison) -> ScoreValue:
        """The score of one image; of several figures the worst, or all their faults."""
        each = comparison.by_figure()
        if each and self.counted:
            faults = faults_by_figure({name: self.of(one).faults for name, one in each.items()})
            return ScoreValue(self, float(len(faults)), faults)
        if each:
            return ScoreValue(self, max(self.of(one).value for one in each.values()))
        measured = self.measure(comparison)
        if isinstance(measured, tuple):
            return ScoreValue(self, float(len(measured)), measured)
        return ScoreValue(self, measured)


@dataclass(frozen=True)
class ScoreValue:
    """What a score is in one image; `faults` are those that a counted score counted."""

    score: Score
    value: float
    faults: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.score.name

    def text(self, *, sound: str = "sound") -> str:
        """For people: two decimals, or the faults; `sound` where there are none."""
        return (joined(", ", self.faults) if self.faults else sound) if self.score.counted else f"{self.value:.2f}"

    def to_json(self, digits: int | None = None) -> float | list[str]:
        """A number, rounded to `digits`, or the list of faults."""
        if self.score.counted:
            return list(self.faults)
        return self.value if digits is None else round(self.value, digits)


@dataclass(frozen=True)
class Limit:
    """The most that a score may be at one seed; None: it is reported and not required."""

    score: Score
    value: float | None

    @property
    def name(self) -> str:
        return self.score.name

    def describe(self) -> str:
        """For people: `hands at most 0.30`, or `body as in the locked image` of a counted score."""
        if self.score.counted:
            return phrase("{name} as in the locked image", name=self.name)
        if self.value is None:
            return phrase("{name} reported only", name=self.name)
        return phrase("{name} at most {value:.2f}", name=self.name, value=self.value)
