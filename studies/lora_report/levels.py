"""From what weight on a LoRA is good enough, and which epoch needs the least."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from scorers.score.calibration import Calibration
from studies.lora_report.measures import AtWeight, Seen

SAME: Final = 1e-9


@dataclass(frozen=True)
class Wanted:
    """What an image must show."""

    level: float
    """The calibrated score that is enough."""
    hands: float
    """How much worse than the plain image's the hands may be."""


@dataclass(frozen=True)
class Rungs:
    """One file's ladder, judged: weights from 0 up."""

    at: tuple[AtWeight, ...]
    calibrations: Mapping[int, Calibration]
    """By seed."""
    plain_hands: Mapping[int, float]
    """By seed."""
    wanted: Wanted

    def expression(self, seen: Seen) -> float | None:
        """Calibrated: 0 the plain image, 1 the best; None where that range is no more than noise."""
        return self.calibrations[seen.seed].calibrated(seen.raw)

    def scores(self, rung: AtWeight) -> list[float]:
        """The expression at every seed where it is measurable."""
        return [value for seen in rung.seen if (value := self.expression(seen)) is not None]

    @property
    def measured(self) -> list[int]:
        """The seeds at which the range from the plain image to the best is more than noise; the others judge nothing."""
        return [seed for seed, calibration in self.calibrations.items() if calibration.measurable]

    def failing(self, rung: AtWeight) -> list[str]:
        """Why the weight is not good enough, one line a cause; nothing where it is at every seed that measures."""
        if not self.measured:
            return ["not measurable"]
        found = []
        for seen in rung.seen:
            score = self.expression(seen)
            if score is None:
                continue
            if score < self.wanted.level - SAME:
                found.append("shows too little")
            if seen.faults:
                found.append("not sound")
            if seen.hands > self.plain_hands[seen.seed] + self.wanted.hands + SAME:
                found.append("hands")
        return list(dict.fromkeys(found))

    @property
    def least(self) -> AtWeight | None:
        """The least drawn weight that is good enough at every seed."""
        return next((rung for rung in self.at if rung.weight > 0 and not self.failing(rung)), None)

    @property
    def best(self) -> AtWeight:
        """The weight that shows most; an image whose figure is not sound counts for nothing."""
        return max((rung for rung in self.at if rung.weight > 0), key=lambda rung: (self.shown(rung), -rung.weight))

    def shown(self, rung: AtWeight) -> float:
        """The median score over seeds, 0 for images whose figure is not sound."""
        scores = [0.0 if seen.faults else score for seen in rung.seen if (score := self.expression(seen)) is not None]
        return median(scores) if scores else 0.0

    @property
    def chosen(self) -> AtWeight:
        """What is told and compared: the least weight that is good enough, or else the one that shows most."""
        return self.least or self.best


def least_epoch(members: Sequence[Rungs]) -> int | None:
    """The place of the file that is good enough at the least weight; of equal ones the one that changes least outside its place,
    then the earlier. None where none is good enough."""
    good = [(rung.weight, median(rung.of("outside")), place) for place, one in enumerate(members) if (rung := one.least)]
    return min(good)[2] if good else None


def told_epoch(members: Sequence[Rungs]) -> int:
    """The same or, where none is good enough, the file that shows most."""
    least = least_epoch(members)
    if least is not None:
        return least
    return max(range(len(members)), key=lambda place: (members[place].shown(members[place].best), -place))
