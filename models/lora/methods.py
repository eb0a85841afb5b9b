"""LoRA methods: what a layer of a file stores, and what it adds to the weight it is for (`models.lora.layers.added`).

To add one: write its layer and its reader, name the reader in `METHODS`, and take its marks out of `UNSUPPORTED`. Key suffixes
and the roles they stand for are in `models.lora.key_spellings`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from models.language.translate import phrase
from models.lora.layers.added import AddedLayer
from models.lora.layers.difference import read_difference
from models.lora.layers.dora import DoraLayer
from models.lora.layers.glora import read_glora
from models.lora.layers.ia3 import read_ia3
from models.lora.layers.loha import read_loha
from models.lora.layers.lokr import read_lokr
from models.lora.layers.lora import read_lora, read_tucker
from models.lora.layers.oft import read_oft
from models.lora.layers.parts import Keys, Role, finite

if TYPE_CHECKING:
    from torch import Tensor


Reader = Callable[[Path, Keys, Mapping[str, "Tensor"], "float | None"], AddedLayer]
METHODS: Final[Mapping[frozenset[Role], Reader]] = {
    frozenset(("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b", "hada_t1", "hada_t2")): read_loha,
    frozenset(("lokr_w1", "lokr_w1_a", "lokr_w1_b", "lokr_w2", "lokr_w2_a", "lokr_w2_b", "lokr_t2")): read_lokr,
    frozenset(("difference",)): read_difference,
    frozenset(("channel_scales", "on_input")): read_ia3,
    frozenset(("oft_blocks", "oft_diag", "rescale")): read_oft,
    frozenset(("glora_a1", "glora_a2", "glora_b1", "glora_b2")): read_glora,
    frozenset(("mid",)): read_tucker,
    frozenset(("down", "up")): read_lora,
}
"""How a layer is read, by the roles that only this method stores: a layer that has one of them is of the first such method."""

UNDER_MAGNITUDES: Final = ("LoRA", "LoHa", "LoKr")
"""The methods over which a DoRA's magnitudes are read."""
UNSUPPORTED: Final[dict[str, str]] = {
    r"oft_[rR](_.*)?": "OFT of peft",
    r"boft_[rRs](_.*)?": "BOFT of peft",
    r"ia3_l": "(IA)3 of peft",
    r"set_weight": "replaced-weights",
}
"""A part of the key that marks a method, and the method: adapters that are not read."""


def unsupported_method(keys: list[str]) -> str | None:
    """The name of a method that cannot be read, if a key shows one."""
    for key in keys:
        for part in key.split(".")[-3:]:
            for mark, method in UNSUPPORTED.items():
                if re.fullmatch(mark, part):
                    return method
    return None


def read_layer(path: Path, keys: Keys, tensors: Mapping[str, Tensor], default_alpha: float | None) -> AddedLayer:
    """The layer whose tensors have these keys, read by the method that it is of; `default_alpha` where none is stored, and
    without it the rank. Raises InputError for a layer that lacks a tensor or is not stored as finite floating-point numbers."""
    found = [read for roles, read in METHODS.items() if roles & keys.keys()]
    magnitudes: list[Role] = [role for role in ("dora_scale", "magnitude") if role in keys]
    if magnitudes and not found:
        raise InputError(
            phrase("'{key}' is of a DoRA layer that lacks its matrices", key=keys[magnitudes[0]]), path, "fetch it again"
        )
    # A Tucker core is one of LoRA's own tensors.
    if len({*found} - {read_tucker}) > 1 or len(magnitudes) > 1:
        raise InputError(phrase("'{key}' is of a layer of two methods", key=next(iter(keys.values()))), path, "fetch it again")
    layer = (found or [read_lora])[0](path, keys, tensors, default_alpha)
    if not magnitudes:
        return layer
    key = keys[magnitudes[0]]
    if layer.method not in UNDER_MAGNITUDES:
        what = phrase("'{key}' are magnitudes over {method}, which no program means alike", key=key, method=layer.method)
        raise InputError(what, path, "use a version of it without them")
    return DoraLayer(layer, finite(path, key, tensors[key]), magnitudes[0] == "magnitude")
