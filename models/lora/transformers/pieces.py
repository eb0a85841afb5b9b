"""One layer of a file that is several of the base: its rows are shared out, and each is summed with the other LoRAs' there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import InputError
from models.language.translate import phrase
from models.lora.layers.added import AddedLayer
from models.lora.layers.rows import rows_of
from models.lora.misfits import Misfits
from models.lora.scale.stated import Scale
from models.lora.sites import DENOISER, Site
from models.lora.transformers.layout import Piece

if TYPE_CHECKING:
    from torch import nn


def in_pieces(
    path: Path,
    named: tuple[str, Sequence[Piece]],
    read: Mapping[bool, tuple[AddedLayer, Scale]],
    denoiser: nn.Module,
    misfits: Misfits,
) -> dict[Site, tuple[AddedLayer, Scale]]:
    """What the tensors of a layer, its name in the file and its pieces (`named`), add to each layer of the denoiser.

    `read` is as `models.lora.scaled_layer.read_scaled_layers` gives it. A layer of another shape goes to `misfits`. Raises
    InputError for a method whose update of some rows depends on the others.
    """
    stem, pieces = named
    found: dict[Site, tuple[AddedLayer, Scale]] = {}
    for of_bias, (layer, scale) in read.items():
        sites = [Site(DENOISER, f"{piece.module}.bias" if of_bias else piece.module) for piece in pieces]
        shapes = [site.shape({DENOISER: denoiser}) for site in sites]
        first = shapes[0]
        whole = None if first is None else (max(rows.stop for piece in pieces for rows in piece.rows), *first[1:])
        fitted = layer.fitted(whole) if whole is not None else None
        if fitted is None:
            misfits.add_shape(stem, layer, whole)
            continue
        for site, piece in zip(sites, pieces, strict=True):
            rows = rows_of(fitted, piece.rows)
            if rows is None:
                what = phrase(
                    "'{stem}' is {method} over several layers in one, which it is not the sum of",
                    stem=stem[:80],
                    method=layer.method,
                )
                raise InputError(what, path, "use a version of it that names each layer, or a plain LoRA")
            found[site] = rows, scale
    return found
