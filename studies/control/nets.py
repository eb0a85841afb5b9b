"""What the files of a study's ControlNets tell, before anything heavy is opened."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from models.control_net.opening import check_control_net, width_of_text
from models.errors import InputError
from models.io.safetensors_header import read_safetensors_header

if TYPE_CHECKING:
    from studies.spec import StudySpec


def check_nets(spec: StudySpec, root: Path) -> None:
    """Raises InputError for a ControlNet that is absent, cut short, none, or one of another kind of base than the study's."""
    if spec.control:
        width = _width_of_base((root / spec.base.checkpoint).expanduser())
        for section in spec.control.values():
            check_control_net((root / section.model).expanduser(), width)


def _width_of_base(checkpoint: Path) -> int | None:
    """Of the text that a base on this machine reads; None where nothing tells it: what is wrong with it is said when it opens."""
    try:
        if checkpoint.is_dir():
            width = json.loads((checkpoint / "unet" / "config.json").read_text(encoding="utf-8"))["cross_attention_dim"]
            return width if isinstance(width, int) else None
        return width_of_text(read_safetensors_header(checkpoint).shapes) if checkpoint.suffix == ".safetensors" else None
    except (InputError, OSError, ValueError, LookupError, TypeError):
        return None
