"""A large picture's settings in A1111's words: those of the trial, and of what enlarged it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from optimizer.point import Job
from studies.export.infotext import point_infotext, weights_at
from studies.picture_settings.infotext import write

if TYPE_CHECKING:
    from optimizer.point import Point
    from studies.run.large.large import Making
    from studies.study import Study


def large_infotext(study: Study, seed: int, point: Point, making: Making) -> str:
    """As the "Extras" tab writes it where nothing was redrawn, as the SD upscale script and Ultimate SD upscale do where it was;
    "Size" stays what was drawn, a tile's."""
    weights = weights_at(study, point)
    info = point_infotext(study, Job(seed, point), weights)
    return write(replace(info, other={**info.other, **_fields(making)}))


def _held(making: Making) -> str:
    return f", ControlNet {making.held}" if making.held else ""


def _fields(making: Making) -> dict[str, str]:
    enlarged = {"Postprocess upscale by": f"{making.by:g}", "Postprocess upscaler": making.upscaler}
    if making.kept is None:
        return enlarged
    (width, height), upscaler, overlap = making.tile, making.upscaler, str(making.overlap)
    return {
        "Denoising strength": f"{making.kept.strength:g}",
        "SD upscale overlap": overlap,
        "SD upscale upscaler": upscaler,
        "Ultimate SD upscale upscaler": upscaler,
        "Ultimate SD upscale tile_width": str(width),
        "Ultimate SD upscale tile_height": str(height),
        "Ultimate SD upscale padding": overlap,
        "huanhua large": f"{making.by:g} times, {making.tiles} tiles, noise from seed {making.seed}{_held(making)}",
    }
