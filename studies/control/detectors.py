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

Detect = Callable[["Image", Sequence["PixelBox"]], "Image"]
"""A picture, and where people are in it, the whole picture where no box is given; gives RGB of its size."""


def open_detector(hint: Detector, model: Path | None) -> Detect:
    """`model` is that of poses or depth. Raises InputError for one that does not open."""
    if hint == "depth":
        from models.vision.hints.depth import open_depth

        assert model is not None
        nearness = open_depth(model)
        return lambda image, boxes: nearness.map(image)
    if hint == "pose":
        return _poses(model)
    by_rule = {"canny": canny, "lineart": lineart, "tile": tile}[hint]
    return lambda image, boxes: by_rule(image)


def _poses(model: Path | None) -> Detect:
    from models.boxes import PixelBox
    from models.vision.hints.skeleton import skeleton
    from models.vision.pose import open_pose

    assert model is not None
    opened = open_pose(model)
    return lambda image, boxes: skeleton(image, opened, boxes or [PixelBox(0, 0, image.width, image.height)])
