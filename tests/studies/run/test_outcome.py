"""What outcomes give to programs and trackers: their keys stay, whatever scores there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from optimizer.evaluate.base import Evaluation
from optimizer.point import Point
from optimizer.search.space import Axis, Space
from scorers.score.judge import ImageJudge
from scorers.score.requirements import Requirements
from scorers.testing.fake_observer import Shown, observation_of, references_of
from studies.report.sheets.style import score_line
from studies.report.sheets.trial_cell import legend
from studies.run.judge import Judge
from studies.run.outcome import Outcome, TrialRecord


@pytest.fixture
def judge() -> Judge:
    requirements = Requirements({"dress": 0.7}, {"hands": 0.15, "drift": 0.5})
    references = {"dress": references_of("clothing")}
    images = ImageJudge(references, {}, {"dress": "clothing"}, observation_of(Shown()), requirements)
    return Judge(images, Space({"dress": Axis(0.0, 1.0, 0.05)}, given_cfg=5.0))


@pytest.fixture
def record(judge: Judge) -> TrialRecord:
    point = Point({"dress": 0.5}, 5.0)
    judged, scores = judge.judge(Evaluation(7, point, Path("1.png"), observation_of(Shown(0.8, hands=0.4, feet=3))))
    return TrialRecord(1, "start", judged, scores, Path("1.png"), constraints=judge.constraints(scores))


def test_metrics_are_the_cost_every_violation_and_the_scores_that_are_numbers(record: TrialRecord) -> None:
    assert record.metrics() == pytest.approx(
        {
            "cost": 0.5,
            "feasible": 0.0,
            "raw.dress": 0.8,
            "score.dress": 0.8,
            "margin.dress": -0.1,
            "margin.hands": 0.25,
            "margin.body": 1.0,
            "margin.drift": -0.5,
            "hands": 0.4,
            "drift": 0.0,
        }
    )


def test_json_of_a_trial_keeps_its_keys(record: TrialRecord) -> None:
    found = record.as_json()
    assert list(found) == [
        *("trial", "weights", "cfg", "levers", "total_weight", "scores", "raw", "hands", "body", "drift", "verdict"),
        *("breaks", "rating", "bare", "image"),
    ]
    assert (found["hands"], found["body"], found["breaks"]) == (
        0.4,
        ["3 feet where the locked image shows 2"],
        ["hands", "body"],
    )
    assert record.tags()["breaks"] == "hands, body"
    assert [c.name for c in record.constraints if c.violated] == record.breaks()


def test_requirements_and_the_legend_name_every_limit(judge: Judge, record: TrialRecord) -> None:
    outcome = Outcome(7, (record,), None, None, record.judged, dict(judge.require), judge.limits)
    assert outcome.as_json()["require"] == {"dress": 0.7, "hands at most": 0.15, "drift at most": 0.5}
    assert legend(outcome) == (
        "Required: dress at least 0.7, hands at most 0.15, drift at most 0.50, body as in the locked image."
    )
    assert score_line(record.scores) == "dress 0.80  hands 0.40"
