"""What draws a mend: the study, with the ControlNet that leads it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from optimizer.control.control import Control
from studies.control.beside import study_with
from studies.file_hashes import cached_hash

if TYPE_CHECKING:
    from optimizer.point import Point
    from studies.run.mended.held import Held
    from studies.study import Study

NAME: Final = "mend"
"""What that ControlNet is called."""


@dataclass(frozen=True)
class Leading:
    """What draws a mend."""

    study: Study
    """With the ControlNet that leads, if one does."""
    held: Held | None = None

    def led(self, point: Point) -> Point:
        """The point at which the mend of an image is drawn."""
        if self.held is None:
            return point
        return replace(point, controls={**point.controls, NAME: Control(self.held.section.strength)})


def led_again(study: Study, held: Held | None) -> Leading:
    """What draws a mend again that was kept. Raises InputError for a ControlNet that is not there, or another one by now."""
    if held is None:
        return Leading(study)
    model = Path(held.section.model)
    if not model.exists():
        raise InputError("the ControlNet that led the mend is not there", model, "put it back, or mend again")
    drawn = study_with(study, NAME, held.section, "--control")
    if cached_hash(study.workspace, model) != held.net:
        raise InputError("not the ControlNet that led the mend", model, "put that back, or mend again")
    return Leading(drawn, held)
