"""Opens whole-body pose models: RTMPose, RTMW and DWPose exports that name 133 keypoints of one person (COCO-WholeBody).

The format is that of mmdeploy's exports: one input (N, 3, height, width) of normalised RGB, and outputs `simcc_x` and `simcc_y`,
a classification of each keypoint over half pixels along x and along y (SimCC, Li et al. 2022; RTMPose, Jiang et al. 2023).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from models.boxes import PixelBox
from models.errors import InputError
from models.language.translate import phrase
from models.vision.onnx import OnnxModel, open_onnx

if TYPE_CHECKING:
    from PIL import Image

KEYPOINTS: Final = 133
SPLIT: Final = 2
"""Bins a pixel."""
PADDING: Final = 1.25
"""What the models were trained to see around a person."""
MEAN: Final = np.array([123.675, 116.28, 103.53], np.float32)
SPREAD: Final = np.array([58.395, 57.12, 57.375], np.float32)


@dataclass(frozen=True)
class Pose:
    """`points` (133, 2) in pixels of the image, `confidence` (133,) in [0, 1]: the lesser of the two axes' largest response.
    `scale` is how many pixels of the model's input a pixel of the image became."""

    points: NDArray[np.float32]
    confidence: NDArray[np.float32]
    scale: float


@dataclass(frozen=True)
class PoseModel:
    """`size` is (width, height) of the input."""

    model: OnnxModel
    size: tuple[int, int]

    def find(self, image: Image.Image, box: PixelBox) -> Pose:
        """The pose of the one person in `box` of an RGB image."""
        corner, scale = framed(box, self.size)
        pixels = (np.asarray(_cut(image, corner, scale, self.size), np.float32) - MEAN) / SPREAD
        across, down = self.model.run_all(pixels.transpose(2, 0, 1)[None])
        points, confidence = decode(across[0], down[0])
        return Pose((points / scale + np.asarray(corner)).astype(np.float32), confidence, scale)


def open_pose(path: str | Path, device: str = "cpu") -> PoseModel:
    """Opens a pose model by its file; nothing is fetched.

    Raises InputError if the file is absent, a zip as OpenMMLab serves it, or no whole-body SimCC model.
    """
    if Path(path).suffix.lower() == ".zip":
        raise InputError("a zip, not a model", path, "unpack it and name the end2end.onnx in it")
    model = open_onnx(path, inputs=(None, 3, None, None), device=device)
    _, _, height, width = model.session.get_inputs()[0].shape
    if not isinstance(width, int) or not isinstance(height, int):
        raise InputError("a pose model without a fixed input size", path, "name an export such as dw-ll_ucoco_384.onnx")
    found = {output.name: list(output.shape)[1:] for output in model.session.get_outputs()}
    wanted = {"simcc_x": [KEYPOINTS, SPLIT * width], "simcc_y": [KEYPOINTS, SPLIT * height]}
    if list(found) != list(wanted) or any(not _fits(found[name], shape) for name, shape in wanted.items()):
        mend = "name a whole-body model, such as dw-ll_ucoco_384.onnx or RTMW's end2end.onnx"
        raise InputError(
            phrase("not a pose model of {keypoints} keypoints (it gives {found})", keypoints=KEYPOINTS, found=found), path, mend
        )
    return PoseModel(model, (width, height))


def decode(across: NDArray[np.float32], down: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Responses (K, bins) along x and along y to points (K, 2) in pixels of the input and confidences (K,) in [0, 1]."""
    points = np.stack([across.argmax(1), down.argmax(1)], 1) / SPLIT
    confidence = np.nan_to_num(np.clip(np.minimum(across.max(1), down.max(1)), 0, 1))
    return points.astype(np.float32), confidence.astype(np.float32)


def framed(box: PixelBox, size: tuple[int, int]) -> tuple[tuple[float, float], float]:
    """The left top corner, in pixels of the image, of the padded `box` extended to the input's ratio; and pixels of
    the input a pixel of the image."""
    left, top, right, bottom = box
    wide, high = max(1.0, right - left) * PADDING, max(1.0, bottom - top) * PADDING
    scale = min(size[0] / wide, size[1] / high)
    return ((left + right) / 2 - size[0] / scale / 2, (top + bottom) / 2 - size[1] / scale / 2), scale


def _cut(image: Image.Image, corner: tuple[float, float], scale: float, size: tuple[int, int]) -> Image.Image:
    from PIL import Image as Pictures

    step = 1 / scale
    way = (step, 0.0, corner[0], 0.0, step, corner[1])
    return image.transform(size, Pictures.Transform.AFFINE, way, Pictures.Resampling.BILINEAR)


def _fits(shape: list[object], wanted: list[int]) -> bool:
    return len(shape) == len(wanted) and all(not isinstance(s, int) or s == w for s, w in zip(shape, wanted, strict=True))
