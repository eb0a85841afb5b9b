from __future__ import annotations

import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.errors import InputError
from models.vision.faces import open_faces
from studies.paperdoll.world.draw import draw
from studies.paperdoll.world.everyday import random_figure

PACK = Path(__file__).parents[3] / "studies/paperdoll/weights/faces"


def test_a_face_is_found_where_it_was_drawn(capfd: pytest.CaptureFixture[str]) -> None:
    figures = [random_figure(np.random.default_rng(i), "face close-up") for i in range(4)]
    drawings = [draw(f) for f in figures]
    found = open_faces(PACK).find([d.image for d in drawings])
    for faces, drawing in zip(found, drawings, strict=True):
        left, top, right, bottom = faces[0].box
        x, y = drawing.keypoints["head"]
        assert left < x < right
        assert top < y < bottom
        assert np.abs(faces[0].keypoints[0] - drawing.keypoints["left_eye"]).max() < 0.15 * (right - left)
        assert np.linalg.norm(faces[0].embedding) == pytest.approx(1, abs=1e-4)
        assert 0.5 <= faces[0].score <= 1
    assert capfd.readouterr().out == ""


def test_threads_that_find_faces_at_the_same_time_leave_the_output_and_the_warnings_alone() -> None:
    """Each would put back what another one has changed: output that goes nowhere from then on, and warnings that show."""
    figure = draw(random_figure(np.random.default_rng(0), "face close-up")).image
    model, output = open_faces(PACK), sys.stdout
    whole: list[bool] = []

    def find() -> None:
        for _ in range(4):
            model.find([figure])
            whole.append(sys.stdout is output)

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(find) for _ in range(4)]:
            done.result()
    assert all(whole)
    assert sys.stdout is output


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (64, 64), (3000, 20), (20, 3000)])
def test_a_picture_without_a_face_gives_none(size: tuple[int, int]) -> None:
    assert open_faces(PACK).find([Image.new("RGB", size)]) == [[]]


def test_an_absent_pack_is_refused_with_where_to_put_it() -> None:
    with pytest.raises(InputError, match=r"no such face pack.*no_pack_of_this_name.*unpack"):
        open_faces("no_pack_of_this_name")


def test_an_empty_pack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no \.onnx file"):
        open_faces(tmp_path)


def test_a_pack_without_a_detector_is_refused(tmp_path: Path) -> None:
    shutil.copy(PACK / "rec_112.onnx", tmp_path)
    with pytest.raises(InputError, match="no detector"):
        open_faces(tmp_path)


def test_a_pack_without_a_recogniser_is_refused(tmp_path: Path) -> None:
    shutil.copy(PACK / "det_128.onnx", tmp_path)
    with pytest.raises(InputError, match="no recogniser"):
        open_faces(tmp_path)


def test_a_garbage_pack_is_refused(tmp_path: Path) -> None:
    (tmp_path / "det.onnx").write_bytes(b"no model")
    with pytest.raises(InputError, match="does not open"):
        open_faces(tmp_path)
