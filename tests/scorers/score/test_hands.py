from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from models.errors import InputError
from scorers.observe.limbs.hand_judge import hand_crop, open_hand_judge
from scorers.observe.observation import HandObservation
from scorers.score.hands import hands_allowed, hands_score
from scorers.score.judgeable_hands import SMALLEST
from scorers.testing.fake_observer import BOX, Shown, observation_of
from scorers.testing.pictures import share
from studies.paperdoll.make.hands import GAPS, SIDES, gap
from studies.paperdoll.world.draw import Drawing, draw
from studies.paperdoll.world.everyday import random_figure
from studies.paperdoll.world.figure import BROKEN_HANDS, HandState

JUDGE = Path(__file__).parents[3] / "studies/paperdoll/weights/hands/hands.onnx"


@given(st.lists(share, max_size=4), st.randoms())
def test_the_worst_hand_counts_in_any_order(broken: list[float], random: object) -> None:
    hands = [HandObservation(BOX, 40, p) for p in broken]
    observation = replace(observation_of(Shown()), hands=tuple(hands))
    assert hands_score(observation) == max(broken, default=0)
    assert hands_score(replace(observation, hands=tuple(hands[::-1]))) == hands_score(observation)
    assert hands_allowed(observation, 0.1) == pytest.approx(min(1.0, hands_score(observation) + 0.1))


def test_hidden_and_tiny_hands_are_not_broken() -> None:
    assert hands_score(observation_of(Shown(hands=None))) == 0
    tiny = replace(observation_of(Shown()), hands=(HandObservation(BOX, SMALLEST - 1, 1.0),))
    assert hands_score(tiny) == 0


@pytest.mark.parametrize("state", BROKEN_HANDS)
def test_the_labs_judge_tells_broken_hands(state: HandState) -> None:
    """Of hands torn from their wrists those whose drawing shows the gap."""
    judge, whole, broken = open_hand_judge(JUDGE), [], []
    for seed in range(32):
        figure = random_figure(np.random.default_rng((7, seed)))
        figure = replace(figure, pose=replace(figure.pose, arms="arms spread", scale=0.95, dx=0.0, lean=0.0))
        before, after = (
            draw(replace(figure, pose=replace(figure.pose, hands=(hand, hand))), seed=seed) for hand in ("whole", state)
        )
        whole.append(_cut(before))
        if state != "detached" or all(gap(np.asarray(after.image), after.keypoints, side) >= GAPS[0] for side in SIDES):
            broken.append(_cut(after))
    good, bad = np.array(judge.broken(whole)), np.array(judge.broken(broken))
    assert len(bad) >= 6
    assert np.mean(good[:, None] < bad[None]) > 0.95


def _cut(drawing: Drawing) -> Image.Image:
    from scorers.observe.parts import pieces
    from studies.paperdoll.world.pen import PART

    return hand_crop(drawing.image, pieces(drawing.parts == PART["hands"], 0.0015)[0].box)


def test_an_absent_judge_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such ONNX model"):
        open_hand_judge(tmp_path / "none.onnx")
