"""What changed, by place; and how near pictures are to photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from models.boxes import ShareBox
from scorers.compare.nearness import Photos, faces_of, likeness
from scorers.compare.places import box_masks, changed, part_masks
from scorers.observe.observation import FaceSeen, Observation, Region

LABELS = {0: "background", 1: "hair", 2: "face", 3: "dress", 4: "feet", 5: "arms"}


class Painted:
    """A part source whose labels are the red channel."""

    labels = LABELS

    def parse(self, images: Sequence[Image.Image]) -> list[NDArray[np.uint8]]:
        return [np.asarray(image, np.uint8)[:, :, 0] // np.uint8(40) for image in images]


def figure(blue: dict[int, int]) -> Image.Image:
    """Five bands, one a label; `blue` adds to the third channel of a band."""
    rows = np.zeros((100, 40, 3), np.uint8)
    for label in range(5):
        rows[20 * label : 20 * label + 20, :, 0] = 40 * (label + 1) if label < 4 else 0
        rows[20 * label : 20 * label + 20, :, 2] = blue.get(label, 0)
    return Image.fromarray(rows)


def test_a_change_is_told_where_it_is() -> None:
    plain, dressed = figure({}), figure({2: 90, 0: 30})
    masks = part_masks(Painted(), [plain, dressed])
    assert set(masks[0]) == {"head", "clothing", "shoes", "limbs", "ground"}
    found = changed(dressed, plain, masks[1], masks[0], "clothing")
    # The dress fills its widened place but for a rim of two rows on either side.
    assert found.inside == pytest.approx(30 * 20 / 24)
    assert found.by_place["head"] == pytest.approx(10 * 20 / 38)
    assert found.by_place["ground"] == 0
    assert "clothing" not in found.by_place
    assert found.outside == pytest.approx(10 * 20 / 76)


def test_the_same_image_has_not_changed_and_what_no_image_shows_is_left_out() -> None:
    plain = Image.new("RGB", (40, 60))
    masks = part_masks(Painted(), [plain])
    found = changed(plain, plain, masks[0], masks[0], "shoes")
    assert (found.inside, found.outside, dict(found.by_place)) == (0, 0, {"ground": 0})


def test_without_a_parser_places_are_boxes() -> None:
    face = FaceSeen(ShareBox(0.4, 0.1, 0.6, 0.2), 0.9, (1.0, 0.0))
    masks = box_masks(Observation((100, 100), face=face), "clothing", ShareBox(0.2, 0.3, 0.8, 0.6))
    assert set(masks) == {"head", "clothing", "ground"}
    assert masks["head"].sum() == 60 * 30
    assert masks["clothing"].sum() == 60 * 30
    assert sum(mask.sum() for mask in masks.values()) == 100 * 100


def test_pictures_that_repeat_a_photo_are_nearer_than_photos_are() -> None:
    vectors = np.array([[1, 0, 0], [0.8, 0.6, 0], [0, 0, 1]], np.float32)
    photos = Photos(vectors, np.zeros((0, 1), np.float32))
    assert photos.among_themselves() == pytest.approx(0.8)
    place, cosine = photos.nearest(np.array([0.8, 0.6, 0], np.float32))
    assert (place, round(cosine, 5)) == (1, 1.0)
    assert Photos(vectors[:1], photos.faces).among_themselves() is None


def test_a_face_that_comes_from_the_photos() -> None:
    def seen(vector: tuple[float, ...] | None) -> Observation:
        return Observation((8, 8), face=None if vector is None else FaceSeen(ShareBox(0, 0, 1, 1), 0.9, vector))

    photos = Photos(np.eye(2, dtype=np.float32), faces_of([seen((1.0, 0.0)), seen(None), seen((0.6, 0.8))]))
    assert photos.faces_alike() == pytest.approx(0.6)
    assert photos.face_likeness(seen((1.0, 0.0))) == pytest.approx(0.8)
    assert photos.face_likeness(seen(None)) is None
    region = Region(0.2, ShareBox(0, 0, 1, 1), (1.0, 0.0), ())
    before = replace(seen((1.0, 0.0)), regions={"shoes": region})
    after = replace(seen((0.6, 0.8)), regions={"shoes": replace(region, embedding=(0.0, 1.0)), "clothing": region})
    assert likeness(after, before) == {"head": pytest.approx(0.6), "shoes": 0.0}
