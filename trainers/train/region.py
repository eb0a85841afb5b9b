"""Where in a training picture the thing itself is: a box in its pixels, and what share of each latent cell that box covers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.boxes import PixelBox
from trainers.prepare.crops import Size, Window

if TYPE_CHECKING:
    from torch import Tensor


def box_in(box: PixelBox, cut: Window, size: Size) -> PixelBox:
    """`box`, in pixels of the photo, in those of the picture of `size` that its window `cut` became, less what is outside."""
    left, top, right, bottom = cut
    across, down = size[0] / (right - left), size[1] / (bottom - top)
    x = [min(max((side - left) * across, 0.0), float(size[0])) for side in (box.left, box.right)]
    y = [min(max((side - top) * down, 0.0), float(size[1])) for side in (box.top, box.bottom)]
    return PixelBox(x[0], y[0], x[1], y[1])


def covered(box: PixelBox, size: Size, factor: int) -> Tensor:
    """The share, 0 to 1, of each latent cell of `factor` pixels that the box covers: (1, height / factor, width / factor)."""
    import torch

    def line(start: float, end: float, cells: int) -> Tensor:
        edges = torch.arange(cells + 1, dtype=torch.float32)
        return (edges[1:].clamp(max=end / factor) - edges[:-1].clamp(min=start / factor)).clamp(min=0.0)

    return torch.outer(line(box.top, box.bottom, size[1] // factor), line(box.left, box.right, size[0] // factor))[None]
