from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from optimizer.evaluate.base import Evaluation
from optimizer.point import Point
from scorers.observe.observation import Observation
from scorers.score.soundness import soundness_of
from scorers.testing.fake_observer import Shown, observation_of
from studies.run.scouting import Scouted


def scouted(seed: int, seen: Observation) -> Scouted:
    evaluation = Evaluation(seed, Point({}, 5.0), Path("1.png"), seen)
    return Scouted(evaluation, soundness_of(seen))


def test_seeds_whose_hands_may_be_gone_come_after_those_that_show_or_hide_them() -> None:
    one = observation_of(Shown(hands=0.9))
    whole = replace(one, hands=one.hands * 2)
    hidden = observation_of(Shown(hands=None))
    hidden = replace(hidden, arms=hidden.arms * 2)
    gone = observation_of(Shown(hands=None, armless=True))
    footless = observation_of(Shown(feet=0))
    found = [scouted(i, seen) for i, seen in enumerate((footless, gone, whole, hidden))]
    assert [s.seed for s in sorted(found, key=lambda s: s.soundness.rank)] == [3, 2, 1, 0]
    assert [s.soundness.unseen for s in found] == [1, 2, 0, 0]
