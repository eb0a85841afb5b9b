"""The names that the makers of a transformer give its layers, where diffusers has others: one for one, and layers that diffusers
has in pieces (the query, key and value of an attention as one matrix) or whose rows it has in another order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from models.lora.sites import layer_names
from models.lora.transformers.flux import SWAPPED, flux2_name, flux_name
from models.lora.transformers.z_image import z_image_name

if TYPE_CHECKING:
    from torch import nn


class Piece(NamedTuple):
    """Rows of a layer of a file that are a layer of the base, or a part of its rows."""

    module: str
    rows: tuple[slice, ...]
    """Of the file's layer; one after another they are all rows of the base's."""


@dataclass(frozen=True)
class OriginalNames:
    """Of one denoiser."""

    single: Mapping[str, str]
    """By diffusers' name of a layer, its original one."""
    pieces: Mapping[str, tuple[Piece, ...]]
    """By the original name of a layer that diffusers does not have as it is."""


Namer = Callable[[str], tuple[str, int] | str | None]
"""By diffusers' name of a layer: its original name; or (name, place) if it is one of the pieces of that layer, in the order of
their places; None if both names are alike. A piece of place `SWAPPED` is the whole layer, its two halves in the other order."""
NAMERS: Final[dict[str, Namer]] = {
    "ZImageTransformer2DModel": z_image_name,
    "FluxTransformer2DModel": flux_name,
    "Flux2Transformer2DModel": flux2_name,
}
"""By diffusers' class of the denoiser. To add a transformer: write its namer in this folder, and name it here."""
NONE: Final = OriginalNames({}, {})


def transformer_names(denoiser: nn.Module) -> OriginalNames:
    """Empty for a denoiser that is none of these transformers."""
    namer = NAMERS.get(type(denoiser).__name__)
    if namer is None:
        return NONE
    single: dict[str, str] = {}
    found: dict[str, dict[int, str]] = {}
    for module in layer_names(denoiser):
        name = namer(module)
        if isinstance(name, str):
            single[module] = name
        elif name is not None:
            found.setdefault(name[0], {})[name[1]] = module
    return OriginalNames(single, {name: _pieces(denoiser, places) for name, places in found.items()})


def _pieces(denoiser: nn.Module, places: Mapping[int, str]) -> tuple[Piece, ...]:
    if SWAPPED in places:
        rows = _rows(denoiser, places[SWAPPED])
        return (Piece(places[SWAPPED], (slice(rows // 2, rows), slice(0, rows // 2))),)
    pieces: list[Piece] = []
    begin = 0
    for _, module in sorted(places.items()):
        end = begin + _rows(denoiser, module)
        pieces.append(Piece(module, (slice(begin, end),)))
        begin = end
    return tuple(pieces)


def _rows(denoiser: nn.Module, module: str) -> int:
    return int(denoiser.get_parameter(f"{module}.weight").shape[0])
