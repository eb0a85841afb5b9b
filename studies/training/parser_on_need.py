"""A part parser that is opened when the first photo needs it: boxes drawn by hand need none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from models.lora_kinds import LoraKind
from studies.training.part_locator import PartLocator
from trainers.prepare.locator import Located

if TYPE_CHECKING:
    from PIL.Image import Image

MODELS: Final = Path("models")
"""Where `huanhua models get` puts models by default."""
BY_HAND: Final = "draw boxes with `huanhua boxes PHOTOS` (or give --boxes FILE), which needs no parser; or name one by --parser"


@dataclass(frozen=True)
class ParserOnNeed:
    """A trainers.prepare.locator.Locator. `locate` raises InputError if the parser does not open."""

    name: str
    """A SegFormer folder or hub name."""
    kind: LoraKind
    """What is trained."""

    def locate(self, images: Sequence[Image]) -> list[Located]:
        return self._opened.locate(images) if images else []

    @cached_property
    def _opened(self) -> PartLocator:
        from models.vision.part_parser import open_parser

        try:
            return PartLocator(open_parser(local_folder(self.name) or self.name), self.kind)
        except InputError as error:
            raise InputError(error.what, error.where, BY_HAND) from error


def local_folder(name: str) -> Path | None:
    """Where `huanhua models get` put the hub's model of that name; None if it did not."""
    from models.catalogue import CATALOGUE

    return next((found for model in CATALOGUE if model.repo == name and (found := model.found(MODELS))), None)
