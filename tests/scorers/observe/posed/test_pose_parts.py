"""Parts told from poses: drawn figures whose points are known, and whatever a pose model may answer of other pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from models.boxes import PixelBox
from models.vision.pose import KEYPOINTS, Pose
from scorers.observe.parts import Group, groups_of, heads_of
from scorers.observe.posed.pose_parts import LABELS, PoseParts, with_faces
from scorers.observe.posed.skeleton import FACE, LEAST, skeleton_of
from scorers.testing.pictures import odd_pictures
from studies.paperdoll.world.draw import draw
from studies.paperdoll.world.everyday import random_figure
from studies.paperdoll.world.figure import Figure
from studies.paperdoll.world.pen import PARTS
from studies.paperdoll.world.whole_body import KnownPoses, whole_body

LEAST_IOU: dict[Group, float] = {"clothing": 0.7, "shoes": 0.55, "head": 0.6, "face": 0.7, "hands": 0.5, "legs": 0.4}


def standing(seed: int) -> Figure:
    figure = random_figure(np.random.default_rng((31, seed)))
    return replace(figure, pose=replace(figure.pose, arms="arms spread", sitting=False))


class Answers:
    """A pose model that gives the same pose whatever it is shown."""

    def __init__(self, pose: Pose) -> None:
        self.pose = pose
        self.asked: list[PixelBox] = []

    def find(self, image: Image.Image, box: PixelBox) -> Pose:
        self.asked.append(box)
        return self.pose


def pose_of(confidence: float) -> Pose:
    points = np.random.default_rng(0).uniform(0, 60, (KEYPOINTS, 2)).astype(np.float32)
    return Pose(points, np.full(KEYPOINTS, confidence, np.float32), 1.0)


def test_the_parts_of_drawn_figures_are_told() -> None:
    figures = [standing(i) for i in range(12)]
    drawn = [draw(figure) for figure in figures]
    parts = PoseParts(KnownPoses([d.image for d in drawn], [whole_body(f) for f in figures]))
    found = np.stack(parts.parse([d.image for d in drawn]))
    true = np.stack([d.parts for d in drawn])
    ours, theirs = groups_of(parts.labels), groups_of(dict(enumerate(PARTS)))
    for group, least in LEAST_IOU.items():
        a, b = np.isin(found, ours[group]), np.isin(true, theirs[group])
        assert (a & b).sum() / (a | b).sum() > least, group


def test_every_group_that_an_observer_needs_has_a_label() -> None:
    assert all(len(indices) for indices in groups_of(dict(enumerate(LABELS))).values())


def test_the_same_image_gives_the_same_parts_alone_and_after_others() -> None:
    figures = [standing(i) for i in range(3)]
    images = [draw(f).image for f in figures]
    parts = PoseParts(KnownPoses(images, [whole_body(f) for f in figures]))
    together = parts.parse(images)
    for image, first in zip(images[::-1], together[::-1], strict=True):
        assert (parts.parse([image])[0] == first).all()


def test_a_pose_that_is_sure_of_nothing_is_nobody() -> None:
    image = draw(standing(0)).image
    assert not PoseParts(Answers(pose_of(0.1))).parse([image])[0].any()


def test_a_few_sure_points_are_nobody() -> None:
    pose = pose_of(0.1)
    pose.confidence[:LEAST] = 0.9
    assert skeleton_of(pose) is None


def test_the_figure_is_looked_for_again_in_its_own_box() -> None:
    figure = standing(1)
    drawing = draw(figure, (256, 384))
    wide = Image.new("RGB", (768, 384), (40, 90, 40))
    wide.paste(drawing.image, (500, 0))
    known = whole_body(figure, (256, 384))
    model = Answers(Pose(known.points + np.array([500, 0], np.float32), known.confidence, 1.0))
    PoseParts(model).parse([wide])
    whole, near = model.asked
    assert whole == (0, 0, 768, 384)
    assert near.left > 450
    assert near.right <= 768


@pytest.mark.parametrize("limbs", [slice(0, 91), slice(91, 133)])
def test_points_far_outside_the_picture_are_no_obstacle(limbs: slice) -> None:
    figure = standing(2)
    pose = whole_body(figure)
    pose.points[limbs] += np.float32(3000)
    assert PoseParts(Answers(pose)).parse([draw(figure).image])[0].shape == (192, 128)


@settings(max_examples=25, deadline=None)
@given(odd_pictures(), st.floats(0, 1))
def test_any_picture_and_any_pose_give_a_map_of_its_size(image: Image.Image, confidence: float) -> None:
    (labels,) = PoseParts(Answers(pose_of(confidence))).parse([image.convert("RGB")])
    assert labels.shape == (image.height, image.width)
    assert labels.dtype == np.uint8
    assert labels.max(initial=0) < len(LABELS)


def test_a_figure_seen_from_behind_has_no_face() -> None:
    figure = standing(3)
    pose = whole_body(figure)
    pose.confidence[FACE] = 0
    pose.confidence[:5] = 0
    (labels,) = PoseParts(Answers(pose)).parse([draw(figure).image])
    assert not (labels == LABELS.index("face")).any()
    assert (labels == LABELS.index("clothing")).any()


def test_another_persons_face_counts_as_a_head_and_ones_own_and_tiny_ones_do_not() -> None:
    figure = standing(4)
    (labels,) = PoseParts(Answers(whole_body(figure))).parse([draw(figure).image])
    wide = np.zeros((192, 300), np.uint8)
    wide[:, :128] = labels
    ys, xs = np.nonzero(labels == LABELS.index("face"))
    own = PixelBox(float(xs.min()), float(ys.min()), float(xs.max()), float(ys.max()))
    other, tiny = PixelBox(200, 20, 240, 66), PixelBox(270, 100, 276, 107)
    found = with_faces(wide, [(own, 0.9), (other, 0.9), (tiny, 0.9)])
    groups = groups_of(dict(enumerate(LABELS)))
    assert len(heads_of(np.isin(found, groups["head"]), np.isin(found, groups["face"]))) == 2
    assert (found[:, :128] == labels).mean() > 0.98
    assert not found[:, 265:].any()
