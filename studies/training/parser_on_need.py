"""A part parser that is opened when the first photo needs it: boxes drawn by hand need none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.catalogue import CATALOGUE, real_model
from models.errors import InputError
from models.lora_kinds import LoraKind
from studies.training.part_locator import PartLocator
from trainers.prepare.locator import Located

if TYPE_CHECKING:
    from PIL.Image import Image

    from scorers.observe.posed.pose_parts import PoseParts

MODELS: Final = Path("models")
"""Where `huanhua models get` puts models by default."""
PACKS: Final = ("auraface", "buffalo_l")
POSE_SUFFIX: Final = ".onnx"
BY_HAND: Final = "draw boxes with `huanhua boxes PHOTOS` (or give --boxes FILE), which needs no parser; or name one by --parser"


@dataclass(frozen=True)
class ParserOnNeed:
    """A trainers.prepare.locator.Locator. `locate` raises InputError if the parser does not open."""

    name: str
    """A SegFormer folder or hub name, or a whole-body pose model's ONNX file: parts are then told from poses."""
    kind: LoraKind
    """What is trained."""

    def locate(self, images: Sequence[Image]) -> list[Located]:
        return self._opened.locate(images) if images else []

    @cached_property
    def _opened(self) -> PartLocator:
        from models.vision.part_parser import open_parser

        try:
            if self.name.lower().endswith(POSE_SUFFIX):
                return PartLocator(_from_poses(Path(self.name)), self.kind)
            return PartLocator(open_parser(local_folder(self.name) or self.name), self.kind)
        except InputError as error:
            raise InputError(error.what, error.where, BY_HAND) from error


def _from_poses(file: Path) -> PoseParts:
    """With the faces of the first pack beside the pose model: they tell of a second person."""
    from models.vision.faces import open_faces
    from models.vision.pose import open_pose
    from scorers.observe.posed.pose_parts import PoseParts

    packs = [pack for pack in (real_model(name).folder(MODELS) for name in PACKS) if pack.is_dir()]
    return PoseParts(open_pose(file), open_faces(packs[0]) if packs else None)


def local_folder(name: str) -> Path | None:
    """Where `huanhua models get` put the hub's model of that name; None if it did not."""
    return next((found for model in CATALOGUE if model.repo == name and (found := model.found(MODELS))), None)
