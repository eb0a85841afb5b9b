"""What the files of a study's ControlNets tell, before anything heavy is opened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from models.base.text_width import stated_text_width
from models.control_net.opening import check_control_net

if TYPE_CHECKING:
    from studies.spec import StudySpec


def check_nets(spec: StudySpec, root: Path) -> None:
    """Raises InputError for a ControlNet that is absent, cut short, none, or one of another kind of base than the study's."""
    if spec.control:
        width = stated_text_width((root / spec.base.checkpoint).expanduser())
        for section in spec.control.values():
            check_control_net((root / section.model).expanduser(), width)
