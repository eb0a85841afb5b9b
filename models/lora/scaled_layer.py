"""One layer of a LoRA file, with its scale: that of its own tensor, or what is stated outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from models.errors import InputError
from models.language.translate import phrase
from models.lora.layers.added import AddedLayer
from models.lora.layers.difference import read_bias_difference
from models.lora.layers.parts import Role
from models.lora.layout import LoraLayout
from models.lora.methods import read_layer
from models.lora.scale.stated import IN_TENSORS, Scale
from models.lora.sites import Part

if TYPE_CHECKING:
    from torch import Tensor


def read_scaled_layers(
    layout: LoraLayout, roles: Mapping[Role, str], tensors: Mapping[str, Tensor], part: Part, names: Sequence[str]
) -> dict[bool, tuple[AddedLayer, Scale]]:
    """What a layer's tensors add, False for its weight and True for its bias, as `read_scaled_layer`."""
    of_weight: dict[Role, str] = {role: key for role, key in roles.items() if role != "bias_difference"}
    found: dict[bool, tuple[AddedLayer, Scale]] = {}
    if "bias_difference" in roles:
        found[True] = (read_bias_difference(layout.path, roles, tensors), Scale(1.0, IN_TENSORS))
    if not found or of_weight.keys() - {"alpha"}:
        found[False] = read_scaled_layer(layout, of_weight, tensors, part, names)
    return dict(sorted(found.items()))


def read_scaled_layer(
    layout: LoraLayout, roles: Mapping[Role, str], tensors: Mapping[str, Tensor], part: Part, names: Sequence[str]
) -> tuple[AddedLayer, Scale]:
    """The layer whose tensors have the keys `roles`. `names` are spellings of it, the file's own first, and `part` is what it is
    of: what peft's settings are looked up by.

    Raises InputError for a layer that lacks a tensor, is not finite, or that the settings next to the file do not describe.
    """
    down = layout.shapes.get(roles.get("down", ""), ())
    if "alpha" in roles or not down:
        layer = read_layer(layout.path, roles, tensors, None)
        scaled = "alpha" in roles or layer.rank is None
        return layer, Scale(layer.alpha, IN_TENSORS if scaled else "")
    settings = layout.scale.settings(part)
    if settings is not None and settings.leaves_out(layout.path, names):
        what = phrase("{source} leaves out '{name}', which the file holds", source=settings.source, name=names[0][:80])
        raise InputError(what, layout.path, "put the settings that were saved with it next to it")
    scale = layout.scale.of(layout.path, part, names, down[0], down[2:] not in ((), (1, 1)))
    return read_layer(layout.path, roles, tensors, scale.alpha), scale
