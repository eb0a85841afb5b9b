"""The base families that can be opened. To add one: write its file in this folder and name it here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from models.base.sd15 import SD15
from models.base.sdxl import SDXL
from models.errors import InputError
from models.language.translate import joined, phrase

if TYPE_CHECKING:
    from models.base.family import BaseFamily

FAMILIES: Final[dict[str, BaseFamily]] = {"sd15": SD15(), "sdxl": SDXL()}


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


def titles() -> str:
    """All families in words: "SD1.5 or SDXL"."""
    names = [family.title for family in FAMILIES.values()]
    return joined(" or ", [", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
