from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, EntryPoints

import pytest
from PIL import Image

from models.errors import InputError
from scorers.observe.observation import Observation
from scorers.plugins import GROUP, extra_scores, open_scorers, versions_of
from scorers.score.constraints import constraints_of
from scorers.score.requirements import Requirements
from scorers.score.scores import score
from scorers.testing.fake_observer import Shown, observation_of


class Width:
    """A picture as wide as 100 pixels is as wanted; raises on black ones and gives nonsense for 7 pixels."""

    def score(self, images: Sequence[Image.Image]) -> list[float]:
        if any(image.getextrema() == ((0, 0),) * 3 for image in images):
            raise RuntimeError("black")
        return [
            7.0 if image.width == 7 else float("nan") if image.width == 8 else min(1.0, image.width / 100) for image in images
        ]


class Broken:
    def __init__(self) -> None:
        raise OSError("no weights")


@dataclass
class Mute:
    """Has no score."""


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    here = "tests.scorers.test_plugins"
    names = {"width": "Width", "broken": "Broken", "mute": "Mute", "gone": "Nothing"}
    found = EntryPoints(EntryPoint(name, f"{here}:{attr}", GROUP) for name, attr in names.items())
    monkeypatch.setattr("scorers.plugins.entry_points", lambda group: found.select(group=group))


def picture(width: int, colour: str = "red") -> Image.Image:
    return Image.new("RGB", (width, 4), colour)


def test_a_strangers_scorer_scores_and_what_it_cannot_score_is_recorded() -> None:
    scorers = open_scorers(["width"])
    images = [picture(50), picture(9, "black"), picture(7), picture(8), picture(300)]
    assert extra_scores(scorers, images) == [{"width": v} for v in (0.5, None, None, None, 1.0)]
    assert extra_scores(scorers, []) == []
    assert extra_scores({}, images[:1]) == [{}]
    assert versions_of(["width"]) == {"width": ""}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("none", "installed: broken, gone, mute, width"),
        ("broken", "no weights"),
        ("mute", "no `score`"),
        ("gone", "does not open"),
    ],
)
def test_a_scorer_that_is_not_there_or_does_not_open_is_refused(name: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        open_scorers([name])


@pytest.mark.parametrize(("value", "missed"), [(0.6, -0.2), (0.3, 0.1), (None, 1.0)])
def test_the_least_score_is_required_and_a_failed_one_is_not_feasible(value: float | None, missed: float) -> None:
    locked = observation_of(Shown())
    seen = Observation.from_json({**locked.to_json(), "extra": {"width": value}})
    found = score(seen, {}, {}, {}, locked)
    [constraint] = constraints_of(found, Requirements(extra={"width": 0.4}), ())
    assert constraint.name == "width"
    assert constraint.violation == pytest.approx(missed)
    assert constraints_of(found, Requirements(), ()) == ()
