"""A pose put together by hand in a picture 400 wide and 600 high."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.testing.poses import write_pose_model
from models.vision.pose import Pose, open_pose
from scorers.observe.limbs.pose_hands import HANDS, PoseLimbs, limbs_of_image, limbs_of_pose
from scorers.observe.observation import Observation
from scorers.score.judgeable_hands import SMALLEST, judgeable_hands
from scorers.score.missing_hands import hands_lost
from scorers.testing.hand_skeletons import broken, hand

SHAPE = (600, 400)
GROUND = np.zeros(SHAPE, np.bool_)


def pose(*, hands: tuple[bool, bool] = (True, True), wrists: float = 0.9, elbows: float = 0.9, scale: float = 1.0) -> Pose:
    """Left arm to the left edge, right arm to the right, hands of 60 pixels beyond the wrists."""
    points, confidence = np.zeros((133, 2), np.float32), np.zeros(133, np.float32)
    points[[7, 9, 8, 10]] = [(150, 200), (100, 200), (250, 200), (300, 200)]
    confidence[[7, 8]], confidence[[9, 10]] = elbows, wrists
    for at, there, wrist in zip(HANDS, hands, (9, 10), strict=True):
        shape = hand(np.random.default_rng(8))
        points[at] = shape - shape[0] + points[wrist]
        confidence[at] = 0.8 if there else 0.1
    return Pose(points, confidence, scale)


def observed(seen: PoseLimbs) -> Observation:
    return Observation((400, 600), hands=seen.hands, arms=seen.arms, heads=1)


def test_two_hands_are_found_where_they_are() -> None:
    seen = limbs_of_pose(pose(), GROUND, GROUND)
    assert len(seen.hands) == 2
    assert [arm.end for arm in seen.arms] == ["hand", "hand"]
    assert all(h.broken < 0.5 and 30 < h.size < 200 for h in seen.hands)


def test_a_broken_hand_is_told_from_a_whole_one() -> None:
    at = pose()
    shape = broken(np.random.default_rng(0))
    at.points[HANDS[0]] = shape - shape[0] + at.points[9]
    left, right = limbs_of_pose(at, GROUND, GROUND).hands
    assert left.broken > 0.5 > right.broken


def test_a_wrist_without_a_hand_ends_in_the_open_unless_something_covers_the_place() -> None:
    lost = pose(hands=(False, True))
    assert [arm.end for arm in limbs_of_pose(lost, GROUND, GROUND).arms] == ["open", "hand"]
    dress = GROUND.copy()
    dress[150:250, 60:140] = True
    assert [arm.end for arm in limbs_of_pose(lost, dress, GROUND).arms] == ["hidden", "hand"]
    assert [arm.end for arm in limbs_of_pose(lost, dress, dress).arms] == ["open", "hand"], "the arm itself covers nothing"


def test_hands_that_the_pose_expects_are_missed_and_hidden_ones_are_not() -> None:
    both, none = observed(limbs_of_pose(pose(), GROUND, GROUND)), pose(hands=(False, False))
    assert hands_lost(observed(limbs_of_pose(none, GROUND, GROUND)), both, both) == 2
    unseen = pose(hands=(False, False), wrists=0.1)
    assert hands_lost(observed(limbs_of_pose(unseen, GROUND, GROUND)), both, both) == 0
    armless = pose(hands=(False, False), wrists=0.1, elbows=0.1)
    assert hands_lost(observed(limbs_of_pose(armless, GROUND, GROUND)), both, both) == 2


def test_an_arm_that_leaves_the_picture_hides_its_hand() -> None:
    at = pose(hands=(False, True))
    at.points[9] = (4, 200)
    assert limbs_of_pose(at, GROUND, GROUND).arms[0].end == "hidden"


def test_hands_that_the_model_saw_too_small_are_not_judged() -> None:
    large, small = limbs_of_pose(pose(), GROUND, GROUND), limbs_of_pose(pose(scale=0.08), GROUND, GROUND)
    assert small.hands[0].size == pytest.approx(large.hands[0].size * 0.08, abs=1e-4)
    assert small.hands[0].size < SMALLEST
    assert judgeable_hands(observed(small)) == []


def test_where_nobody_is_there_is_no_pose(tmp_path: Path) -> None:
    from PIL import Image

    model = open_pose(write_pose_model(tmp_path / "pose.onnx"))
    picture = Image.new("RGB", (400, 600))
    assert limbs_of_image(model, picture, GROUND, GROUND) == PoseLimbs()
    assert isinstance(limbs_of_image(model, picture, ~GROUND, GROUND), PoseLimbs)
