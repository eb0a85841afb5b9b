from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from optimizer.evaluate.base import Evaluation
from optimizer.point import Point
from optimizer.search.space import Axis, Space
from scorers.score.calibration import Calibration
from scorers.testing.fake_observer import Shown, observation_of, references_of
from studies.run.judge import Judge

SPACE = Space({"dress": Axis(0.0, 1.0, 0.05)}, given_cfg=5.0)


def judge(drift_allowed: float | None) -> Judge:
    return Judge(
        references={"dress": references_of("clothing")},
        calibrations={"dress": Calibration(0.0, 1.0, 0.05, 1.0)},
        kinds={"dress": "clothing"},
        locked=observation_of(Shown()),
        require={"dress": 0.7},
        hands_tolerance=0.15,
        space=SPACE,
        others=[observation_of(Shown(shift=0.1))],
        drift_allowed=drift_allowed,
    )


def evaluation(shift: float) -> Evaluation:
    return Evaluation(1, Point({"dress": 0.5}, 5.0), Path("1.png"), observation_of(Shown(clothing=0.9, shift=shift)))


@pytest.mark.parametrize(("shift", "feasible"), [(0.05, True), (0.2, False)])
def test_a_figure_that_moves_further_than_allowed_is_not_feasible(shift: float, feasible: bool) -> None:
    judged, scores = judge(1.0).judge(evaluation(shift))
    assert scores.drift == pytest.approx(shift / 0.1)
    assert judged.violations["drift"] == pytest.approx(shift / 0.1 - 1.0)
    assert judged.feasible is feasible


def test_without_an_allowance_drift_is_told_and_not_required() -> None:
    judged, scores = judge(None).judge(evaluation(0.2))
    assert scores.drift == pytest.approx(2.0)
    assert "drift" not in judged.violations
    assert judged.feasible


def test_lost_hands_are_not_feasible_however_broken_the_locked_ones_are() -> None:
    gone = replace(evaluation(0.0), observation=observation_of(Shown(clothing=0.9, hands=None, armless=True)))
    broken = replace(judge(None), locked=observation_of(Shown(hands=1.0)))
    assert broken.hands_allowed == 1.0
    judged, scores = broken.judge(gone)
    assert scores.body == ("1 hand not found",)
    assert not judged.feasible


def test_the_plain_image_says_what_is_expected_where_the_locked_one_has_lost_it() -> None:
    gone = replace(evaluation(0.0), observation=observation_of(Shown(clothing=0.9, hands=None, armless=True)))
    lost = replace(judge(None), locked=gone.observation)
    assert lost.judge(gone)[0].feasible
    assert not replace(lost, plain=observation_of(Shown())).judge(gone)[0].feasible
