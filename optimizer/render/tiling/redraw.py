"""A picture of any size drawn again in overlapping tiles of the size that a renderer draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from optimizer.control.cut import told_itself
from optimizer.render.decode import NotDrawn
from optimizer.render.inpainting.base import Redrawing
from optimizer.render.tiling.spans import spans
from optimizer.render.tiling.tile_job import Tile, tile_job

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from optimizer.control.control import Control
    from optimizer.point import Job
    from optimizer.render.inpainting.base import Inpainter
    from optimizer.render.tiling.spans import Span

    Bytes = NDArray[np.uint8]

USUAL: Final = 512
"""The shorter side, in pixels, of the tiles that A1111's and the scripts' numbers are meant for."""
OVERLAP: Final = 64
"""What neighbours share at least, in pixels of a tile whose shorter side is 512: A1111's "Tile overlap" of its SD upscale."""
COLOUR: Final = 16
"""Standard deviation, in such pixels, of the blur above which colours stay the picture's: about what StableSR's wavelet colour
fix with its five levels keeps. Without it a VAE fades what it encodes a little, and each tile shifts its own way."""


@dataclass(frozen=True)
class TileNet:
    """A ControlNet of tiles."""

    name: str
    """As the renderer knows it."""
    digest: str
    control: Control

    def holding(self, job: Job, picture: Image) -> Job:
        """The job, held by what is drawn again."""
        point = replace(job.point, controls={**job.point.controls, self.name: self.control})
        return replace(job, point=point, hints=told_itself(job.hints, self.name, self.digest, picture))


@dataclass(frozen=True)
class TiledRedraw:
    """How a picture is drawn again."""

    inpainter: Inpainter
    job: Job
    """Of the whole picture: its point and regions draw, its seed is followed by those of the tiles' noise."""
    size: tuple[int, int]
    """(width, height) of a tile: what the renderer draws."""
    largest_seed: int
    on_tile: Callable[[], None] = lambda: None
    """Called after each tile."""
    tile_net: TileNet | None = None
    """A ControlNet that is told each tile; None for none."""

    @property
    def overlap(self) -> int:
        """What neighbours share at least, in pixels."""
        return max(1, round(OVERLAP * min(self.size) / USUAL))

    @property
    def colour(self) -> float:
        """The standard deviation of `COLOUR`, in pixels of these tiles."""
        return COLOUR * min(self.size) / USUAL

    def tiles(self, picture: tuple[int, int]) -> int:
        """How many cover a picture of this size (width, height)."""
        across, down = self._sides(picture)
        return len(across) * len(down)

    def redrawn(self, picture: Image, strength: float) -> Image | NotDrawn:
        """The RGB picture at its size, each tile begun from it with as much noise as A1111's denoising `strength`, in (0, 1],
        says; NotDrawn as soon as a tile comes out so. Besides the result one row of tiles is in memory at a time.

        Raises InputError for what cannot redraw.
        """
        from PIL import Image

        pixels = np.asarray(picture.convert("RGB"))
        height, width = pixels.shape[:2]
        across, down = self._sides(picture.size)
        found = np.empty_like(pixels)
        faded = np.zeros((0, width, 3), np.float32)
        for row, rows in enumerate(down):
            band = self._band(pixels, rows, across, row * len(across), strength)
            if isinstance(band, NotDrawn):
                return band
            band = band[: height - rows.start] * rows.shares[: height - rows.start, None, None]
            band[: len(faded)] += faded
            done = (down[row + 1].start if row + 1 < len(down) else height) - rows.start
            found[rows.start : rows.start + done] = band[:done].clip(0, 255).round()
            faded = band[done:]
        return Image.fromarray(found)

    def _sides(self, picture: tuple[int, int]) -> tuple[list[Span], list[Span]]:
        (width, height), (wide, high) = picture, self.size
        return spans(max(width, wide), wide, self.overlap), spans(max(height, high), high, self.overlap)

    def _band(self, pixels: Bytes, rows: Span, across: list[Span], first: int, strength: float) -> NDArray[np.float32] | NotDrawn:
        """One row of tiles side by side: (tile height, picture width, 3)."""
        height, width = pixels.shape[:2]
        band = np.zeros((self.size[1], width, 3), np.float32)
        for number, columns in enumerate(across, first):
            box = columns.start, rows.start, columns.stop, rows.stop
            drawn = self._drawn(pixels, Tile(number, box, (width, height)), strength)
            if isinstance(drawn, NotDrawn):
                return drawn
            inside = min(columns.stop, width) - columns.start
            band[:, columns.start : columns.start + inside] += (drawn * columns.shares[None, :, None])[:, :inside]
        return band

    def _drawn(self, pixels: Bytes, tile: Tile, strength: float) -> NDArray[np.float32] | NotDrawn:
        """(height, width, 3) of the tile."""
        from PIL import Image

        (left, top, right, bottom), (width, height) = tile.box, tile.size
        part = pixels[top:bottom, left:right]
        # A picture smaller than a tile goes on as it ends.
        beyond = ((0, height - part.shape[0]), (0, width - part.shape[1]), (0, 0))
        begun = Image.fromarray(np.pad(part, beyond, mode="edge"))
        whole = np.ones((height, width), np.bool_)
        job = tile_job(self.job, tile, self.largest_seed)
        job = job if self.tile_net is None else self.tile_net.holding(job, begun)
        (drawn,) = self.inpainter.inpaint([Redrawing(job, begun, whole, strength)])
        self.on_tile()
        return drawn if isinstance(drawn, NotDrawn) else _coloured(drawn, begun, self.colour)


def _coloured(drawn: Image, like: Image, deviation: float) -> NDArray[np.float32]:
    """What was drawn, with the colours that the other picture has once both are blurred."""
    from scipy.ndimage import gaussian_filter

    new, old = (np.asarray(picture.convert("RGB"), np.float32) for picture in (drawn, like))
    missing = gaussian_filter(old - new, (deviation, deviation, 0), mode="nearest")
    return np.asarray(new + missing, np.float32)
