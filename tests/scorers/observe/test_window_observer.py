"""Looking without a part parser: windows for garments, the whole image for faces, a pose model for hands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from models.boxes import PixelBox, ShareBox
from models.errors import InputError
from models.lora_kinds import ScoredKind
from models.testing.poses import write_pose_model
from models.vision.clip import open_clip_model
from models.vision.faces import Face
from models.vision.pose import open_pose
from scorers.observe.observation import REGION_KINDS, Observation
from scorers.observe.references import References
from scorers.observe.window_observer import WindowObserver
from scorers.observe.windows import WINDOWS, in_pixels, mask_of, middle_of
from scorers.score.calibration import matched_photo, seen_place, similarity
from scorers.score.soundness import soundness_of
from scorers.testing.pictures import odd_pictures
from studies.paperdoll.world.draw import draw
from studies.paperdoll.world.products import wear
from studies.run.blur_policy import little_clothing
from tests.scorers.observe.test_parser_observer import PRODUCTS, WEIGHTS, figures

SIZE = (100, 200)


@dataclass
class MeanColour:
    """Embeds a crop as the share of red, green and blue in it: what a window must hold is seen by eye."""

    def embed_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        means = np.array([np.asarray(image, np.float32).mean((0, 1)) + 1 for image in images], np.float32).reshape(-1, 3)
        found: NDArray[np.float32] = means / np.linalg.norm(means, axis=1, keepdims=True)
        return found


@dataclass
class FacesAt:
    """Finds faces at given boxes (left, top, right, bottom, score), in every image alike."""

    boxes: Sequence[tuple[float, float, float, float, float]]

    def find(self, images: Sequence[Image.Image]) -> list[list[Face]]:
        points = np.zeros((5, 2), np.float32)
        faces = [Face(PixelBox(*box[:4]), box[4], points, np.array([1.0, 0.0], np.float32)) for box in self.boxes]
        return [list(faces) for _ in images]


def seeing(*boxes: tuple[float, float, float, float, float]) -> WindowObserver:
    faces: Any = FacesAt(boxes)
    return WindowObserver(MeanColour(), faces, None)


def patched(box: tuple[int, int, int, int], colour: str = "red") -> Image.Image:
    image = Image.new("RGB", SIZE, (0, 40, 120))
    ImageDraw.Draw(image).rectangle(box, fill=colour)
    return image


def test_the_window_that_looks_most_like_the_references_counts() -> None:
    observer = seeing()
    references = observer.references_of([patched((50, 100, 99, 179))], "clothing", [ShareBox(0.5, 0.5, 1.0, 0.9)])
    lower = observer.observe([patched((25, 90, 74, 170))])[0]
    assert seen_place(lower, references) == (0.25, 0.45, 0.75, 0.85)
    none = observer.observe([patched((0, 0, 5, 5))])[0]
    assert similarity(lower, references) > similarity(none, references) + 0.3


@pytest.mark.parametrize("kind", REGION_KINDS)
def test_windows_lie_in_the_image_and_where_such_things_are_worn(kind: Any) -> None:
    for left, top, right, bottom in WINDOWS[kind]:
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1
        assert (top + bottom) / 2 > (0.7 if kind == "shoes" else 0.4)
    assert len(set(WINDOWS[kind])) == len(WINDOWS[kind])


def test_a_reference_is_looked_at_in_its_own_box_and_its_colour_in_the_middle() -> None:
    observer = seeing()
    photo = patched((60, 20, 99, 80))
    own = observer.references_of([photo], "shoes", [ShareBox(0.6, 0.1, 1.0, 0.4)])
    elsewhere = observer.references_of([photo], "shoes")
    assert own.embeddings[0][0] > 0.7
    assert elsewhere.embeddings[0][0] < 0.5
    rimmed = patched((30, 40, 69, 99), "red")
    loose = observer.references_of([rimmed], "shoes", [ShareBox(0.2, 0.1, 0.8, 0.6)])
    tight = observer.references_of([rimmed], "shoes", [ShareBox(0.35, 0.25, 0.65, 0.45)])
    assert loose.colours == tight.colours


def test_a_flat_picture_shows_nothing_and_flat_photos_are_told() -> None:
    observer = seeing()
    flat = Image.new("RGB", SIZE, "red")
    found = observer.observe([flat])[0]
    assert found == Observation(size=SIZE, points={"head": (), "hands": (), "feet": ()})
    assert observer.references_of([flat, patched((9, 9, 50, 50))], "clothing").unused == (0,)
    with pytest.raises(InputError, match="no clothing region found"):
        observer.references_of([flat], "clothing")


def test_faces_count_as_heads_and_the_surest_is_judged() -> None:
    found = seeing((10, 10, 40, 40, 0.9), (50, 10, 78, 40, 0.8), (0, 0, 4, 4, 0.5)).observe([patched((9, 9, 50, 50))])[0]
    assert found.heads == 2
    assert found.face is not None
    assert found.face.box == (0.1, 0.05, 0.4, 0.2)
    assert found.points["head"] == ((0.125, 0.125),)
    assert seeing().observe([patched((9, 9, 50, 50))])[0].face is None


def test_feet_are_not_counted_against_a_seed_and_pictures_are_blurred() -> None:
    found = seeing((10, 10, 40, 40, 0.9)).observe([patched((9, 9, 50, 50))])[0]
    assert soundness_of(found).faults == ()
    assert little_clothing(found), "who cannot tell what is worn does not show it unasked"


def test_a_pose_model_looks_at_the_whole_image(tmp_path: Path) -> None:
    pose = open_pose(write_pose_model(tmp_path / "pose.onnx"))
    observer = WindowObserver(MeanColour(), None, pose)
    image = draw(figures(1, 11)[0]).image
    found = observer.observe([image])[0]
    assert found.hands
    assert len(found.points["hands"]) == len(found.hands)
    assert Observation.from_json(found.to_json()) == found
    assert observer.observe([Image.new("RGB", (128, 192))])[0].hands == ()


@given(odd_pictures())
@settings(max_examples=20)
def test_any_picture_can_be_looked_at(image: Image.Image) -> None:
    observer = seeing((0, 0, 1, 1, 0.5))
    found = observer.observe([image])[0]
    assert Observation.from_json(found.to_json()) == found
    assert observer.observe([image, patched((9, 9, 50, 50))])[0] == found
    assert {kind: len(stored) for kind, stored in found.windows.items()} in ({}, {k: len(w) for k, w in WINDOWS.items()})


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (512, 768)])
def test_a_window_holds_at_least_a_pixel(size: tuple[int, int]) -> None:
    for box in (*WINDOWS["clothing"], *WINDOWS["shoes"]):
        left, top, right, bottom = in_pixels(box, size)
        assert 0 <= left < right <= size[0]
        assert 0 <= top < bottom <= size[1]
        assert mask_of(box, size).sum() == (right - left) * (bottom - top)
        assert mask_of(middle_of(box), size).any()


@pytest.mark.parametrize("kind", ["clothing", "shoes"])
def test_with_the_labs_clip_a_product_mostly_scores_above_what_else_is_worn(kind: ScoredKind) -> None:
    observer = WindowObserver(open_clip_model(str(WEIGHTS / "clip")), None, None)
    worn = [draw(wear(f, PRODUCTS[kind])) for f in figures(6, 1)]
    references = observer.references_of([d.image for d in worn], kind)
    shown = observer.observe([draw(wear(f, PRODUCTS[kind])).image for f in figures(8, 2)])
    other = observer.observe([draw(f).image for f in figures(8, 3)])
    wins = np.mean([similarity(a, references) > similarity(b, references) for a in shown for b in other])
    assert wins > 0.8
    assert {matched_photo(o, references) for o in shown} <= set(range(6))


def test_stored_observations_of_before_have_no_windows() -> None:
    stored = Observation(SIZE).to_json()
    del stored["windows"]
    assert Observation.from_json(stored) == Observation(SIZE)


def test_a_face_has_references_as_with_a_parser() -> None:
    observer = seeing((10, 10, 40, 40, 0.9))
    assert observer.references_of([patched((9, 9, 50, 50))], "face") == References("face", ((1.0, 0.0),))
