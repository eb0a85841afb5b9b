"""A LoRA of the study as a drawing server is asked for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

from models.errors import InputError
from models.language.translate import phrase


@dataclass(frozen=True)
class StudyLora:
    """What a study file states of one LoRA."""

    name: str
    """In the study."""
    file: Path
    """On this machine, where the study file places it. It may be missing if the server runs elsewhere."""
    fixed: float | None = None
    """The weight of a LoRA that is not searched."""
    server_name: str | None = None
    """What the server calls it; None to find it by the file's name."""


@dataclass(frozen=True)
class ServerLora:
    """A LoRA that the server has."""

    server_name: str
    """As the server lists it."""
    hash: str
    """SHA-256 of the file where it can be reached, else what the server states of it, or its name."""
    metadata: Mapping[str, str]
    """The file's own, as far as it is readable here or through the server."""


def named_on_server(lora: StudyLora, listed: Sequence[str], url: str) -> str:
    """The one of the server's names that means `lora`: equal to its `server_name`, or of its file's name in any folder.

    Names may end in .safetensors or not. Raises InputError that lists the nearest names, or those that all fit.
    """
    wanted = lora.server_name or lora.file.name
    for same in (_whole, _last):
        fits = [name for name in listed if same(name) == same(wanted)]
        if len(fits) == 1:
            return fits[0]
        if fits:
            what = phrase(
                "the server has {count} LoRAs of the name {wanted} ({fits})",
                count=len(fits),
                wanted=wanted,
                fits=", ".join(fits[:6]),
            )
            raise InputError(
                what,
                phrase("loras.{name} at {url}", name=lora.name, url=url),
                phrase("name one: draw.loras: {{{name}: {fit}}}", name=lora.name, fit=fits[0]),
            )
        if lora.server_name is not None:
            break
    raise InputError(
        phrase("the server has no LoRA {wanted}{near}", wanted=wanted, near=nearest(wanted, listed)),
        phrase("loras.{name} at {url}", name=lora.name, url=url),
        "put it there, or name another",
    )


def nearest(wanted: str, listed: Sequence[str], count: int = 3) -> str:
    """`; the nearest it has: a, b`, or `; it has none`."""
    from difflib import get_close_matches

    if not listed:
        return phrase("; it has none")
    found = get_close_matches(wanted, listed, count, cutoff=0.4) or list(listed)[:count]
    return phrase(
        "; the nearest it has: {names}", names=", ".join("".join(c for c in name if c.isprintable())[:120] for name in found)
    )


def _whole(name: str) -> str:
    return name.replace("\\", "/").removesuffix(".safetensors")


def _last(name: str) -> str:
    path: PurePath = PureWindowsPath(name) if "\\" in name else PurePosixPath(name)
    return path.name.removesuffix(".safetensors")
