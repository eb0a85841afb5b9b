"""The settings of a grid as A1111's infotext: those of its first cell, and its axes as the X/Y/Z plot names them.

A1111's own grids contain the same, so that its "PNG Info" can send one to txt2img and draw it again. LoRA weights have no axis
type there: people replace the tag in the prompt (Prompt S/R), which is why the first cell, not the centre, is described. The
steps in which a LoRA acts have none at all, and stand in a key of our own.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from optimizer.point import Point
from studies.export.infotext import file_name, fixed_weights, point_infotext
from studies.grid.axes import NOTHING, FileAxis, WeightAxis
from studies.grid.grid import Grid
from studies.picture_settings.infotext import save_png
from studies.picture_settings.lora_tags import lora_tag
from studies.picture_settings.settings import PictureSettings
from studies.study import Study

if TYPE_CHECKING:
    from PIL.Image import Image

SCRIPT = "X/Y/Z plot"


def save_grid(study: Study, grid: Grid, picture: Image, path: Path) -> None:
    """A PNG, with its settings inside where A1111's words tell them all."""
    if study.spec.draw.in_a1111_words:
        save_png(picture, path, grid_infotext(study, grid))
    else:
        picture.save(path, format="PNG")


def grid_infotext(study: Study, grid: Grid) -> PictureSettings:
    first = grid.at(0, 0)
    axes = {"X": (grid.x, slice(None)), "Y": (grid.y, slice(None))}
    if grid.z is not None:
        axes["Z"] = (grid.z[0], slice(grid.z[1], grid.z[1] + 1))
    plot = {"Script": SCRIPT}
    for letter, (axis, shown) in axes.items():
        kind, values = axis.a1111(lambda name, weight: lora_tag(file_name(study, name, first.point), weight, weight))
        told = _csv(values[shown])
        plot |= (
            {f"huanhua {letter}": f"{axis.name}={told}"}
            if kind == NOTHING
            else {f"{letter} Type": kind, f"{letter} Values": told}
        )
    return point_infotext(study, first, _loras(study, grid, first.point), plot)


def _loras(study: Study, grid: Grid, point: Point) -> dict[str, float]:
    """Weights by LoRA. Those of one axis stand side by side, even at 0, or Prompt S/R would not find their tags."""
    weights = {**point.weights, **fixed_weights(study)}
    axes = [grid.x, grid.y, *([grid.z[0]] if grid.z else [])]
    varied = [name for axis in axes if isinstance(axis, WeightAxis) for name in axis.loras]
    varied += [axis.lora for axis in axes if isinstance(axis, FileAxis)]
    return {name: weights[name] for name in dict.fromkeys([*varied, *weights]) if weights[name] or name in varied}


def _csv(values: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue().strip()
