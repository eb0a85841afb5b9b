"""Nodes that load LoRAs: plain loaders, and the stackers of widespread packs.

Formats: LoraLoader, LoraLoaderModelOnly and CreateHookLora of ComfyUI; "LoRA Stacker" and "Efficient Loader" of
efficiency-nodes-comfyui (lora_name_i, input_mode, lora_wt_i, model_str_i, clip_str_i, lora_count); "CR LoRA Stack" and "CR Load
LoRA" of Comfyroll (switch_i, lora_name_i, model_weight_i, clip_weight_i); "Power Lora Loader (rgthree)" (lora_i: {on, lora,
strength, strengthTwo}) and "Lora Loader Stack (rgthree)" (lora_0i, strength_0i); "easy loraStack" of Easy-Use (toggle, mode,
num_loras, lora_i_name, lora_i_strength, lora_i_model_strength, lora_i_clip_strength). Any other node with the inputs
`lora_name` and `strength_model`, `lora_strength` or `strength` is a plain loader, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from optimizer.render.remote.comfyui.reading.graph import Graph, Node
from optimizer.render.remote.comfyui.reading.values import Place

STRENGTHS: Final = ("strength_model", "lora_strength", "lora_model_strength", "strength")
CLIP_STRENGTHS: Final = ("strength_clip", "lora_clip_strength")
OFF: Final = (False, "Off", "False", "off")
NONE: Final = ("", "None", "none")


@dataclass(frozen=True)
class LoraSlot:
    """One LoRA that a node loads."""

    node: Node
    file: str
    """As the workflow names it."""
    name: Place
    model: Place
    """Its strength."""
    clip: Place | None
    """The text encoder's; None if it has none of its own."""
    active: bool = True
    """False if it is switched off in the node."""


def lora_slots(graph: Graph, node: Node) -> list[LoraSlot]:
    """All LoRAs that a node loads, in its order."""
    formats = (_plain, _numbered, _easy, _mappings, _short)
    return [slot for read in formats for slot in read(node) if slot.file not in NONE]


def mentions(node: Node) -> list[str]:
    """Values of a node that look like LoRA files, or tags of them, whatever the node is."""
    texts = [value for _, value in node.values() if isinstance(value, str)]
    tags = [name for text in texts for name in re.findall(r"<lora:([^:>]+)", text)]
    return [*(text for text in texts if text.endswith((".safetensors", ".ckpt", ".pt")) and len(text) < 500), *tags]


def _plain(node: Node) -> Iterator[LoraSlot]:
    file, name = _file(node, "lora_name")
    strength = next((key for key in STRENGTHS if node.inputs.get(key) is not None), None)
    if name is not None and strength is not None:
        clip = next((key for key in CLIP_STRENGTHS if node.inputs.get(key) is not None), None)
        active = node.inputs.get("switch") not in OFF
        yield LoraSlot(node, file, name, Place(node.id, (strength,)), (clip and Place(node.id, (clip,))) or None, active)


def _numbered(node: Node) -> Iterator[LoraSlot]:
    """ "LoRA Stacker" and "CR LoRA Stack"."""
    simple = node.inputs.get("input_mode", "simple") == "simple"
    for number in _numbers(node, r"lora_name_(\d+)"):
        file, name = _file(node, f"lora_name_{number}")
        pairs = [("model_weight", "clip_weight"), ("model_str", "clip_str"), ("strength_model", "strength_clip")]
        pairs = [("lora_wt", "")] if simple and f"lora_wt_{number}" in node.inputs else pairs
        model, clip = next((pair for pair in pairs if f"{pair[0]}_{number}" in node.inputs), ("", ""))
        if name is None or not model:
            continue
        active = node.inputs.get(f"switch_{number}") not in OFF and _within(node, "lora_count", number)
        yield _slot(node, file, name, f"{model}_{number}", f"{clip}_{number}" if clip else "", active)


def _easy(node: Node) -> Iterator[LoraSlot]:
    """ "easy loraStack"."""
    simple = node.inputs.get("mode", "simple") == "simple"
    for number in _numbers(node, r"lora_(\d+)_name"):
        file, name = _file(node, f"lora_{number}_name")
        model = f"lora_{number}_strength" if simple else f"lora_{number}_model_strength"
        if name is None or model not in node.inputs:
            continue
        active = node.inputs.get("toggle", True) not in OFF and _within(node, "num_loras", number)
        yield _slot(node, file, name, model, "" if simple else f"lora_{number}_clip_strength", active)


def _mappings(node: Node) -> Iterator[LoraSlot]:
    """ "Power Lora Loader (rgthree)"."""
    for key, value in node.values():
        if not key.lower().startswith("lora_") or not isinstance(value, Mapping) or not isinstance(value.get("lora"), str):
            continue
        if "strength" in value:
            clip = Place(node.id, (key, "strengthTwo")) if value.get("strengthTwo") is not None else None
            places = Place(node.id, (key, "lora")), Place(node.id, (key, "strength"))
            yield LoraSlot(node, value["lora"], *places, clip, value.get("on", True) not in OFF)


def _short(node: Node) -> Iterator[LoraSlot]:
    """ "Lora Loader Stack (rgthree)"."""
    for number in _numbers(node, r"lora_(\d\d)"):
        file, name = _file(node, f"lora_{number}")
        if name is not None and f"strength_{number}" in node.inputs:
            yield _slot(node, file, name, f"strength_{number}", "", True)


def _slot(node: Node, file: str, name: Place, model: str, clip: str, active: bool) -> LoraSlot:
    other = Place(node.id, (clip,)) if clip and clip in node.inputs else None
    return LoraSlot(node, file, name, Place(node.id, (model,)), other, active)


def _file(node: Node, key: str) -> tuple[str, Place | None]:
    """Some packs wrap the name: {"content": name, "image": ...}."""
    value: Any = node.inputs.get(key)
    if isinstance(value, str):
        return value, Place(node.id, (key,))
    if isinstance(value, Mapping) and isinstance(value.get("content"), str):
        return value["content"], Place(node.id, (key, "content"))
    return "", None


def _numbers(node: Node, pattern: str) -> list[str]:
    return sorted((found[1] for key in node.inputs if (found := re.fullmatch(pattern, key))), key=int)


def _within(node: Node, count: str, number: str) -> bool:
    most = node.inputs.get(count)
    return not isinstance(most, int) or int(number) <= most
