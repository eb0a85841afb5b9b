"""The base families that can be opened. To add one: write its file in this folder and name it here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from models.base.flux import Flux
from models.base.flux2 import Flux2Klein
from models.base.sd15 import SD15
from models.base.sdxl import SDXL
from models.base.z_image import ZImage
from models.errors import InputError
from models.language.translate import joined, phrase

if TYPE_CHECKING:
    from models.base.family import BaseFamily

FAMILIES: Final[dict[str, BaseFamily]] = {
    "sd15": SD15(),
    "sdxl": SDXL(),
    "z-image": ZImage(),
    "flux": Flux(),
    "flux2": Flux2Klein(),
}


def family_named(name: str) -> BaseFamily:
    """Raises InputError if no family has this name."""
    if name not in FAMILIES:
        raise InputError(
            phrase("unknown base family '{name}'", name=name),
            "base.config",
            phrase("use one of: {families}", families=", ".join(FAMILIES)),
        )
    return FAMILIES[name]


def family_of_pipeline(pipeline: str) -> BaseFamily | None:
    """The family whose diffusers folders name this class."""
    return next((family for family in FAMILIES.values() if family.pipeline == pipeline), None)


def titles(*, single_files: bool = False) -> str:
    """All families in words, or those of which single files are opened: "SD1.5 or SDXL"."""
    names = [family.title for family in FAMILIES.values() if family.single_files or not single_files]
    return joined(" or ", [", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
