"""What makes hints of pictures: by rule, or by a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from models.vision.hints.lines import canny, lineart, tile

if TYPE_CHECKING:
    from PIL.Image import Image

    from models.boxes import PixelBox
    from studies.control.section import Detector

Detect = Callable[["Image"], "Image"]


def open_detector(hint: Detector, model: Path | None, boxes: Sequence[PixelBox] = ()) -> Detect:
    """`model` is that of poses or depth; `boxes` are where people are, the whole picture where none is given. What it makes is
    RGB of the picture's size. Raises InputError for a model that does not open."""
    if hint == "depth":
        from models.vision.hints.depth import open_depth

        assert model is not None
        return open_depth(model).map
    if hint == "pose":
        return _poses(model, boxes)
    return {"canny": canny, "lineart": lineart, "tile": tile}[hint]


def _poses(model: Path | None, boxes: Sequence[PixelBox]) -> Detect:
    from models.boxes import PixelBox
    from models.vision.hints.skeleton import skeleton
    from models.vision.pose import open_pose

    assert model is not None
    opened = open_pose(model)
    return lambda image: skeleton(image, opened, boxes or [PixelBox(0, 0, image.width, image.height)])
