"""Broken hands of the lab's pictures, drawn again with the ControlNet of edges: how many are whole, and what else then breaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import mean

from benchmarks.mending.broken import broken_points
from optimizer.control.control import Control
from optimizer.point import Point
from scorers.score.hands import HANDS
from scorers.score.missing_hands import hands_lost
from studies.run.calibration import calibrate
from studies.run.judge import Judge
from studies.study import Study

OF_EACH = 5


@dataclass(frozen=True)
class Drawn:
    """One picture: whether its hands are whole, what it violates, and what it shows of its LoRAs."""

    whole: bool
    broken: frozenset[str]
    shown: float


@dataclass(frozen=True)
class Held:
    """A picture with broken hands, and the same with each setting of the ControlNet."""

    without: Drawn
    by: dict[str, Drawn]


def held_hands(studies: dict[str, Study], net: str, settings: Sequence[Control], of_each: int = OF_EACH) -> list[Held]:
    """`studies` by the names of the lab's; what is not broken after all is left out."""
    found = []
    for lab, seed, points in broken_points(of_each):
        study = studies[lab.name]
        judge = calibrate(study, seed).judge
        for point in points:
            without = _drawn(study, judge, seed, replace(point, controls={}))
            if not without.whole:
                by = {str(one): _drawn(study, judge, seed, replace(point, controls={net: one})) for one in settings}
                found.append(Held(without, by))
    return found


def _drawn(study: Study, judge: Judge, seed: int, point: Point) -> Drawn:
    seen = study.evaluator.evaluate(seed, point)
    judged, scores = judge.judge(seen)
    plain = judge.images.plain or judge.images.locked
    lost = hands_lost(seen.observation, plain, judge.images.locked) > 0
    broken = frozenset(name for name, by in judged.violations.items() if not by <= 0)
    shown = mean(scores.expression[name] or 0.0 for name in study.spec.searched())
    return Drawn(HANDS.name not in broken and not lost, broken, shown)


def table(found: Sequence[Held]) -> Iterator[tuple[str, float, float, float]]:
    """By setting: the share of hands that are whole, of those where nothing else breaks that was met without, and by how much
    less is shown of LoRAs on average."""
    for name in found[0].by:
        whole = [one.by[name].whole for one in found]
        kept = [one.by[name].whole and one.by[name].broken <= one.without.broken for one in found]
        less = mean(one.without.shown - one.by[name].shown for one in found)
        yield name, mean(whole), mean(kept), less
