"""A mended picture's settings in A1111's words: those of the trial, and of the inpainting that followed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from optimizer.point import Job
from studies.export.infotext import point_infotext, weights_at
from studies.picture_settings.infotext import write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from optimizer.point import Point
    from studies.run.mended.held import Held
    from studies.run.mended.mended import Redrawn
    from studies.study import Study


def mended_infotext(study: Study, seed: int, point: Point, redrawn: Sequence[Redrawn], held: Held | None = None) -> str:
    """A1111's fields are those of the last redrawing; all of them stand in a key of our own, which A1111 passes over."""
    weights = weights_at(study, point)
    info = point_infotext(study, Job(seed, point), weights)
    last = redrawn[-1]
    fields = {
        "Denoising strength": f"{last.strength:g}",
        "Mask blur": str(last.blur),
        "Inpaint area": "Only masked",
        "Masked area padding": str(last.padding),
        "huanhua mended": "; ".join(_line(one) for one in redrawn),
        **({"huanhua mend control": str(held)} if held else {}),
    }
    return write(replace(info, other={**info.other, **fields}))


def _line(one: Redrawn) -> str:
    mask = " ".join(str(side) for side in one.mask)
    return f"{one.part} at {mask} with seed {one.seed} strength {one.strength:g} padding {one.padding} blur {one.blur}"
