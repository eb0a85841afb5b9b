"""Hints that need no model: edges by Canny (1986), lines by a difference of Gaussians, and the picture itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.Image import Image

CANNY: Final = (100, 200)
"""Thresholds of the gradient, between which an edge goes on but does not begin: what published ControlNets were trained with, and
what A1111 and ComfyUI give by default (ComfyUI as 0.4 and 0.8 of 255)."""
BLUR: Final = 6.0
"""Standard deviation in pixels of the surroundings that a line is darker than, of A1111's "lineart_standard"."""
FAINT: Final = 8.0
"""Differences up to this, of 255, are noise: the strength of lines is measured without them."""
LEAST_TYPICAL: Final = 16.0
"""The typical line of a picture counts as at least this dark, so that one without lines stays black."""


def canny(image: Image) -> Image:
    """White edges of one pixel on black, RGB, of the picture's size."""
    import cv2
    import numpy as np
    from PIL import Image

    edges = cv2.Canny(np.asarray(image.convert("RGB")), *CANNY)
    return Image.fromarray(edges).convert("RGB")


def lineart(image: Image) -> Image:
    """White lines on black, RGB, of the picture's size: how much darker each pixel's darkest channel is than what surrounds it,
    so that the picture's typical line is half white."""
    import cv2
    import numpy as np
    from PIL import Image

    levels = np.asarray(image.convert("RGB"), np.float32)
    darker = (cv2.GaussianBlur(levels, (0, 0), BLUR) - levels).min(axis=2).clip(0, 255)
    lines = darker[darker > FAINT]
    typical = max(LEAST_TYPICAL, float(np.median(lines)) if lines.size else 0.0)
    return Image.fromarray((darker * (127.0 / typical)).clip(0, 255).astype(np.uint8)).convert("RGB")


def tile(image: Image) -> Image:
    """The picture itself: a ControlNet of tiles is told what it is to draw in more detail."""
    return image.convert("RGB")
