from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from models.boxes import PixelBox
from models.errors import InputError
from models.io.images import open_photo
from models.testing.poses import write_pose_model
from models.vision.pose import _cut, decode, framed, open_pose
from tests.models.vision.test_onnx import write_doubler

side = st.floats(1, 900)


def test_a_full_size_model_runs_once_on_a_photograph(tmp_path: Path) -> None:
    import insightface

    photo = open_photo(Path(insightface.__file__).parent / "data" / "images" / "t1.jpg")
    model = open_pose(write_pose_model(tmp_path / "dw-ll_ucoco_384.onnx"))
    assert model.size == (288, 384)
    pose = model.find(photo, PixelBox(0, 0, photo.width, photo.height))
    assert pose.points.shape == (133, 2)
    assert pose.confidence.shape == (133,)
    assert np.all((pose.confidence >= 0) & (pose.confidence <= 1))
    again = model.find(photo, PixelBox(0, 0, photo.width, photo.height))
    assert np.array_equal(pose.points, again.points)


def test_responses_are_read_at_their_peaks() -> None:
    across, down = np.full((2, 12), -1.0, np.float32), np.full((2, 16), -1.0, np.float32)
    across[0, 5], down[0, 8] = 0.9, 0.6
    points, confidence = decode(across, down)
    assert points[0].tolist() == [2.5, 4.0]
    assert confidence == pytest.approx([0.6, 0.0])
    assert decode(np.full((1, 4), np.nan, np.float32), np.ones((1, 4), np.float32))[1].tolist() == [0.0]


@given(side, side, side, side)
def test_the_frame_holds_the_box_in_its_middle(left: float, top: float, wide: float, high: float) -> None:
    (x, y), scale = framed(PixelBox(left, top, left + wide, top + high), (288, 384))
    for point, corner, length in ((left, x, 288), (left + wide, x, 288), (top, y, 384), (top + high, y, 384)):
        assert 0 <= (point - corner) * scale <= length
    assert ((left + wide / 2) - x) * scale == pytest.approx(144)
    assert ((top + high / 2) - y) * scale == pytest.approx(192)


@pytest.mark.parametrize("at", [(70, 60), (120, 200), (90, 130)])
def test_a_point_of_the_frame_is_found_again_in_the_image(at: tuple[int, int]) -> None:
    image = Image.new("L", (200, 260))
    image.paste(255, (at[0] - 2, at[1] - 2, at[0] + 3, at[1] + 3))
    corner, scale = framed(PixelBox(50, 40, 150, 220), (288, 384))
    cut = np.asarray(_cut(image.convert("RGB"), corner, scale, (288, 384)))[:, :, 0].astype(float)
    ys, xs = np.mgrid[: cut.shape[0], : cut.shape[1]]
    middle = np.array([(xs * cut).sum(), (ys * cut).sum()]) / cut.sum()
    assert middle / scale + np.array(corner) == pytest.approx(np.array(at) + 0.5, abs=0.6)


def test_what_is_no_whole_body_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such ONNX model"):
        open_pose(tmp_path / "none.onnx")
    with pytest.raises(InputError, match="unpack it"):
        open_pose(tmp_path / "rtmw.zip")
    with pytest.raises(InputError, match="not a pose model of 133 keypoints"):
        open_pose(write_doubler(tmp_path / "m.onnx"))
    with pytest.raises(InputError, match="not a pose model of 133 keypoints"):
        open_pose(write_pose_model(tmp_path / "body.onnx", keypoints=17))
    with pytest.raises(InputError, match="without a fixed input size"):
        open_pose(write_doubler(tmp_path / "free.onnx", ("n", 3, "h", "w")))
