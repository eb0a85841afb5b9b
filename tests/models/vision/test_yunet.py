"""YuNet in the place of a pack's own detector."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from models.errors import InputError
from models.testing.poses import write_pose_model
from models.testing.yunet import BOX, SURE, write_yunet
from models.vision.faces import FaceModel, open_faces
from models.vision.yunet import OVERLAP, _shared, _unique

PACK = Path(__file__).parents[3] / "studies/paperdoll/weights/faces"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for file in PACK.glob("*.onnx"):
        shutil.copy(file, tmp_path)
    write_yunet(tmp_path / "face_detection_yunet_2023mar.onnx")
    return tmp_path


@pytest.fixture
def faces(folder: Path) -> FaceModel:
    return open_faces(folder)


@pytest.mark.parametrize("size", [(320, 320), (320, 200), (1280, 900), (160, 160)])
def test_a_face_is_found_in_pixels_of_the_picture_and_recognised(faces: FaceModel, size: tuple[int, int]) -> None:
    (found,) = faces.find([Image.new("RGB", size, (200, 150, 120))])
    (face,) = found
    scale = max(size) / 320
    assert np.allclose(face.box, np.array(BOX) * scale, atol=1)
    assert face.score == pytest.approx(SURE, abs=1e-4)
    left_eye, right_eye, nose, left_mouth, _ = face.keypoints
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[1] > nose[1]
    assert np.linalg.norm(face.embedding) == pytest.approx(1, abs=1e-4)


def test_boxes_are_those_of_the_faces_of_both_detectors(faces: FaceModel) -> None:
    image = Image.new("RGB", (320, 320), (90, 90, 90))
    assert [box for box, _ in faces.boxes(image)] == [face.box for face in faces.find([image])[0]]
    own = open_faces(PACK)
    assert [box for box, _ in own.boxes(image)] == [face.box for face in own.find([image])[0]]


@pytest.mark.parametrize("size", [(1, 1), (3000, 20)])
def test_a_strip_shows_nobody(faces: FaceModel, size: tuple[int, int]) -> None:
    image = Image.new("RGB", size)
    assert faces.boxes(image) == []
    assert faces.find([image]) == [[]]


def test_a_folder_without_a_recogniser_is_refused(folder: Path) -> None:
    (folder / "rec_112.onnx").unlink()
    (folder / "det_128.onnx").unlink()
    with pytest.raises(InputError, match=r"no recogniser.*models get auraface"):
        open_faces(folder)


def test_a_file_of_that_name_that_is_none_is_refused(folder: Path) -> None:
    write_pose_model(folder / "face_detection_yunet_2023mar.onnx")
    with pytest.raises(InputError, match="not a YuNet"):
        open_faces(folder)


ROWS = arrays.arrays(np.float32, st.tuples(st.integers(0, 6), st.just(15)), elements=st.floats(0, 100, width=32))


@given(ROWS)
def test_no_two_faces_that_are_kept_overlap_and_the_surest_is_among_them(rows: np.ndarray) -> None:
    kept = _unique(rows)
    assert len(kept) <= len(rows)
    assert all(_shared(a, b) <= OVERLAP for i, a in enumerate(kept) for b in kept[i + 1 :])
    if len(rows):
        assert kept[0, 4] == rows[:, 4].max()
