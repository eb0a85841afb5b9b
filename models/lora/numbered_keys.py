"""Early LoRA files that number their layers instead of naming them: what cloneofsimo's `save_safeloras` wrote.

`unet:3:up` is the fourth layer met when the modules of the classes in the metadata are walked in the order that diffusers
declared them then: all down blocks, all up blocks, the middle; in each block the attentions before the resnets. Early diffusers
declared the feed-forward between the two attentions, later ones after them. Shapes distinguish the two; nothing else differs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from models.language.translate import phrase
from models.lora.sites import DENOISER, TEXT, Part, Site, layer_names

if TYPE_CHECKING:
    from torch import nn

Shape = tuple[int, ...]

EMBEDDING: Final = "<embed>"
"""The metadata's mark of a tensor that is a textual inversion kept in the same file."""
PARTS: Final[dict[str, Part]] = {"unet": DENOISER, "text_encoder": TEXT}
"""The part of the base that a prefix stands for."""
CLASSES: Final = {"unet": {"CrossAttention", "Attention", "GEGLU"}, "text_encoder": {"CLIPAttention"}}
"""The classes walked where the metadata do not name any."""
ATTENTION: Final = ("to_q", "to_k", "to_v", "to_out.0")
TEXT_ATTENTION: Final = ("k_proj", "v_proj", "q_proj", "out_proj")
RESNET: Final = ("conv1", "time_emb_proj", "conv2", "conv_shortcut")
ORDERS: Final = (("attn1", "ff", "attn2"), ("attn1", "attn2", "ff"))


def is_numbered(key: str) -> bool:
    return re.fullmatch(r"(unet|text_encoder):\d+:(up|down)", key) is not None


def numbered_names(
    path: Path, modules: Mapping[Part, nn.Module], shapes: Mapping[str, Shape], metadata: Mapping[str, str]
) -> dict[str, Site]:
    """The layer that each number of the file stands for, by the stem of its keys ("unet:3"); empty for any other file.

    `shapes` are those of the file's tensors by key. Raises InputError where neither order fits the count and every shape.
    """
    found: dict[str, Site] = {}
    for prefix, part in PARTS.items():
        count = len({key.split(":")[1] for key in shapes if is_numbered(key) and key.startswith(f"{prefix}:")})
        if count:
            found |= _names(path, prefix, modules[part], count, shapes, metadata)
    return found


def _names(
    path: Path, prefix: str, model: nn.Module, count: int, shapes: Mapping[str, Shape], metadata: Mapping[str, str]
) -> dict[str, Site]:
    classes = _classes(path, prefix, metadata)
    layers = set(layer_names(model))
    best = 0
    for order in ORDERS if prefix == "unet" else ORDERS[:1]:
        walked = _walk_unet(layers, classes, order) if prefix == "unet" else _walk_text(layers)
        modules = [module for module in walked if module in layers]
        fitting = sum(_fits(shapes, f"{prefix}:{i}", model, module) for i, module in enumerate(modules))
        if fitting == count == len(modules):
            return {f"{prefix}:{i}": Site(PARTS[prefix], module) for i, module in enumerate(modules)}
        best = max(best, fitting)
    what = phrase(
        "the numbers of its {prefix} layers do not fit this base: {best} of {count} match where it has {count_2}",
        prefix=prefix,
        best=best,
        count=count,
        count_2=len(modules),
    )
    raise InputError(what, path, "use a LoRA trained on this kind of base, or one whose layers are named")


def _classes(path: Path, prefix: str, metadata: Mapping[str, str]) -> set[str]:
    try:
        listed = json.loads(metadata.get(prefix, json.dumps(sorted(CLASSES[prefix]))))
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(
            phrase("its metadata do not say which {prefix} layers are numbered", prefix=prefix), path, "fetch it again"
        ) from error
    named = {str(one) for one in listed} if isinstance(listed, list) else set()
    strange = named - CLASSES[prefix] - ({"ResnetBlock2D"} if prefix == "unet" else set())
    if strange or not named:
        what = phrase(
            "its {prefix} layers are numbered over unknown classes ({strange})",
            prefix=prefix,
            strange=", ".join(sorted(strange)) or "none",
        )
        raise InputError(what, path, "use a LoRA whose layers are named")
    return named


def _walk_unet(layers: set[str], classes: set[str], order: tuple[str, ...]) -> Iterator[str]:
    """Every layer that may be numbered, in their order; some of them a base may lack."""
    heads = ("down_blocks.", "up_blocks.", "mid_block.")
    for head in heads:
        for block in _in_order(layers, rf"({re.escape(head)}(?:\d+\.)?)"):
            for transformer in _in_order(layers, rf"({re.escape(block)}attentions\.\d+\.transformer_blocks\.\d+\.)"):
                yield from _walk_transformer(transformer, classes, order)
            if "ResnetBlock2D" in classes:
                for resnet in _in_order(layers, rf"({re.escape(block)}resnets\.\d+\.)"):
                    yield from (f"{resnet}{name}" for name in RESNET)


def _walk_transformer(block: str, classes: set[str], order: tuple[str, ...]) -> Iterator[str]:
    for child in order:
        if child == "ff" and "GEGLU" in classes:
            yield f"{block}ff.net.0.proj"
        elif child != "ff" and classes & {"CrossAttention", "Attention"}:
            yield from (f"{block}{child}.{name}" for name in ATTENTION)


def _walk_text(layers: set[str]) -> Iterator[str]:
    for block in _in_order(layers, r"((?:text_model\.)?encoder\.layers\.\d+\.)"):
        yield from (f"{block}self_attn.{name}" for name in TEXT_ATTENTION)


def _in_order(layers: set[str], beginning: str) -> list[str]:
    """The different beginnings of layer names that match, counted as numbers and not as text."""
    found = {match[1] for name in layers if (match := re.match(beginning, name))}
    return sorted(found, key=lambda name: [int(n) for n in re.findall(r"\d+", name)])


def _fits(shapes: Mapping[str, Shape], stem: str, model: nn.Module, module: str) -> bool:
    down, up = shapes.get(f"{stem}:down", ()), shapes.get(f"{stem}:up", ())
    weight = tuple(model.get_parameter(f"{module}.weight").shape)
    if len(down) < 2 or len(up) < 2:
        return False
    kernel = tuple(size for size in down[2:] if size != 1)
    return (up[0], down[1], kernel) == (weight[0], weight[1], tuple(size for size in weight[2:] if size != 1))
