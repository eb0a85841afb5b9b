from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from optimizer.evaluate.base import Evaluation
from optimizer.point import Point
from optimizer.search.space import Axis, Space
from scorers.score.calibration import Calibration
from scorers.score.judge import ImageJudge
from scorers.score.requirements import Requirements
from scorers.testing.fake_observer import Shown, observation_of, references_of
from studies.run.judge import Judge

SPACE = Space({"dress": Axis(0.0, 1.0, 0.05)}, given_cfg=5.0)


def judge(drift_allowed: float | None) -> Judge:
    allowed = {"hands": 0.15, **({} if drift_allowed is None else {"drift": drift_allowed})}
    images = ImageJudge(
        references={"dress": references_of("clothing")},
        calibrations={"dress": Calibration(0.0, 1.0, 0.05, 1.0)},
        kinds={"dress": "clothing"},
        locked=observation_of(Shown()),
        requirements=Requirements({"dress": 0.7}, allowed),
        others=[observation_of(Shown(shift=0.1))],
    )
    return Judge(images, SPACE)


def changed(before: Judge, **changes: Any) -> Judge:
    return replace(before, images=replace(before.images, **changes))


def evaluation(shift: float) -> Evaluation:
    return Evaluation(1, Point({"dress": 0.5}, 5.0), Path("1.png"), observation_of(Shown(clothing=0.9, shift=shift)))


@pytest.mark.parametrize(("shift", "feasible"), [(0.05, True), (0.2, False)])
def test_a_figure_that_moves_further_than_allowed_is_not_feasible(shift: float, feasible: bool) -> None:
    judged, scores = judge(1.0).judge(evaluation(shift))
    assert scores.graded["drift"] == pytest.approx(shift / 0.1)
    assert judged.violations["drift"] == pytest.approx(shift / 0.1 - 1.0)
    assert judged.feasible is feasible


def test_without_an_allowance_drift_is_reported_and_not_required() -> None:
    judged, scores = judge(None).judge(evaluation(0.2))
    assert scores.graded["drift"] == pytest.approx(2.0)
    assert "drift" not in judged.violations
    assert judged.feasible


def test_lost_hands_are_not_feasible_however_broken_the_locked_ones_are() -> None:
    gone = replace(evaluation(0.0), observation=observation_of(Shown(clothing=0.9, hands=None, armless=True)))
    broken = changed(judge(None), locked=observation_of(Shown(hands=1.0)))
    assert {limit.name: limit.value for limit in broken.limits}["hands"] == 1.0
    judged, scores = broken.judge(gone)
    assert scores.counted["body"] == ("1 hand not found",)
    assert not judged.feasible


def test_the_plain_image_says_what_is_expected_where_the_locked_one_has_lost_it() -> None:
    gone = replace(evaluation(0.0), observation=observation_of(Shown(clothing=0.9, hands=None, armless=True)))
    lost = changed(judge(None), locked=gone.observation)
    assert lost.judge(gone)[0].feasible
    assert not changed(lost, plain=observation_of(Shown())).judge(gone)[0].feasible
