"""A verdict claims no more than the images show."""

from __future__ import annotations

import pytest

from optimizer.point import Point
from optimizer.search.judged_point import Judged
from optimizer.search.robustness import Robustness, with_robustness
from optimizer.search.verdict import BEST_SO_FAR, LEAST, Verdict, claim_of, verdict_of

OFF = 0.02


def judged(by: float) -> Judged:
    return Judged(Point({"dress": 0.5}, 5.0), 0.5, {"dress": by})


MET, BROKEN, NAN = judged(-0.1), judged(0.1), judged(float("nan"))


@pytest.mark.parametrize(
    ("own", "robustness", "off", "verdict"),
    [
        (BROKEN, None, OFF, Verdict.BREAKS),
        (BROKEN, None, 0.0, Verdict.BREAKS),
        (NAN, None, 0.0, Verdict.BREAKS),
        (MET, None, 0.0, Verdict.MEETS),
        (MET, None, OFF, Verdict.UNCHECKED),
        (MET, Robustness(OFF, {"lower": MET}), OFF, Verdict.UNCHECKED),
        (MET, Robustness(OFF, {"lower": BROKEN}), OFF, Verdict.FRAGILE),
        (MET, Robustness(OFF, {"lower": MET, "higher": BROKEN}), OFF, Verdict.FRAGILE),
        (MET, Robustness(OFF, {"lower": MET, "higher": NAN}), OFF, Verdict.FRAGILE),
        (MET, Robustness(OFF, {"lower": MET, "higher": MET}), OFF, Verdict.ROBUST),
    ],
)
def test_of_a_point_and_its_neighbours(own: Judged, robustness: Robustness | None, off: float, verdict: Verdict) -> None:
    assert verdict_of(own, robustness, off) is verdict
    (worst,) = with_robustness([own], {own.point.key(): robustness.neighbours} if robustness else {})
    assert verdict_of(worst, robustness, off) is verdict, "judged by the worst of its images it is the same"


def test_only_a_proven_settled_point_is_the_least_that_works() -> None:
    claims = {(verdict, proven): claim_of(verdict, proven=proven) for verdict in Verdict for proven in (False, True)}
    assert {key for key, claim in claims.items() if claim == LEAST} == {(Verdict.ROBUST, True), (Verdict.MEETS, True)}
    assert {key for key, claim in claims.items() if claim == BEST_SO_FAR} == {(Verdict.ROBUST, False), (Verdict.MEETS, False)}
    assert claims[Verdict.FRAGILE, True] == Verdict.FRAGILE.word


def test_no_two_verdicts_have_one_word_and_those_of_one_study_no_colour_or_symbol() -> None:
    assert len({verdict.word for verdict in Verdict}) == len(Verdict)
    # A study requires robustness or not: these two never stand side by side.
    shown_together = [verdict for verdict in Verdict if verdict is not Verdict.MEETS]
    for look in ("colour", "dark_colour", "symbol"):
        assert len({getattr(verdict, look) for verdict in shown_together}) == len(shown_together)
