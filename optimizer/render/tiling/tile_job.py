"""What draws one tile of a picture: the one place that knows what of a job is the tile's own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from optimizer.control.cut import cut_hints
from optimizer.regions.cut import cut_regions

if TYPE_CHECKING:
    from optimizer.point import Job


@dataclass(frozen=True)
class Tile:
    """Where a tile lies."""

    number: int
    """From 0, in rows."""
    box: tuple[int, int, int, int]
    """Left, top, right, bottom in pixels, right and bottom outside. Beyond the picture where that is smaller than a tile."""
    picture: tuple[int, int]
    """(width, height) of the whole picture."""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)."""
        left, top, right, bottom = self.box
        return right - left, bottom - top

    @property
    def shares(self) -> tuple[float, float, float, float]:
        """The box in shares of the picture."""
        width, height = self.picture
        left, top, right, bottom = self.box
        return left / width, top / height, right / width, bottom / height


def tile_job(job: Job, tile: Tile, largest_seed: int) -> Job:
    """The job of one tile. `job` is that of the whole picture: each tile takes the next noise, and the part of the regions of
    LoRAs and words, and of hints, that lies in it. Everything else is the picture's own.
    """
    seed = (job.seed + 1 + tile.number) % (largest_seed + 1)
    regions = cut_regions(job.regions, tile.shares, tile.size)
    return replace(job, seed=seed, regions=regions, hints=cut_hints(job.hints, tile.shares, tile.size))
