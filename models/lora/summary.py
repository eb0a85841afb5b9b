"""Describes any LoRA file by itself, without a base: its names, shapes, scale and metadata, and whether every layer is whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.lora.bundled import bundled_vectors, inversion_notes
from models.lora.families import family_of_layers, family_of_names
from models.lora.file import read_tensors
from models.lora.key_spellings import bare_name, part_of_name
from models.lora.layers.added import AddedLayer
from models.lora.layout import KIND_KEY, LoraLayout, hash_notes, read_layout, tag_counts
from models.lora.numbered_keys import is_numbered
from models.lora.scale.notes import scale_notes
from models.lora.scale.stated import Scale
from models.lora.scaled_layer import read_scaled_layers
from models.lora.sites import DENOISER, TEXT_2

if TYPE_CHECKING:
    from torch import Tensor

MOST_TAGS: Final = 12
NAMING: Final = {
    "lora_unet_": "kohya", "lora_te": "kohya", "lycoris_": "LyCORIS", "unet.": "OneTrainer", "clip_": "OneTrainer",
    "diffusion_model.": "ComfyUI", "text_encoders.": "ComfyUI", "lora_": "kohya",
}  # fmt: skip
"""The tool whose keys begin so, and have none of the other tools' ends."""


@dataclass(frozen=True)
class LoraSummary:
    """What a file's header contains; None or empty where it lacks something."""

    file: str
    method: str
    """LoRA, LoCon (with convolutions larger than 1x1), LoHa, LoKr, DoRA, full difference, (IA)3, OFT, BOFT, GLoRA, several of
    them, or the name of a method that cannot be read."""
    naming: str
    """The tool whose spelling the keys have."""
    family: str | None
    """The family of bases that the shapes point to."""
    ranks: dict[int, int]
    """Layers by rank; empty for a method that cannot be read."""
    alphas: dict[float, int]
    """Layers by alpha; empty for a method that cannot be read."""
    blocks: dict[str, int]
    """Layers by part of the base."""
    trigger: str | None
    base: str | None
    """The name of the base it was trained on."""
    hash: str | None
    training: dict[str, str]
    """Steps, epochs, learning rate and the like, as kohya's metadata name them."""
    tags: dict[str, int]
    """The commonest tags of the training captions, with their counts."""
    thing: str | None = None
    """What it was trained for, where its metadata tell."""
    inversions: dict[str, int] = field(default_factory=dict)
    """The textual inversions that the file holds besides, by their word, and how many vectors each has."""
    notes: tuple[str, ...] = ()
    """As `models.lora.file.LoraFile.notes`."""


def summarise(path: Path) -> LoraSummary:
    """Reads every layer as `open_lora` does, but for whether a base has it.

    Raises InputError for what is no safetensors file, has no LoRA of any method, or a layer that is not whole and finite.
    """
    layout = read_layout(path)
    metadata, down = layout.metadata, layout.down_shapes
    tensors, digest = ({}, "") if layout.method else read_tensors(layout.path, layout.start)
    scaled = _layers(layout, tensors)
    inversions = {} if layout.method else bundled_vectors(layout.path, layout.inversions, tensors)
    changed = [] if layout.method else hash_notes(metadata, digest)
    notes = scale_notes([scale for _, scale in scaled], unread_config=layout.unread_config)
    convolutions = any(len(shape) == 4 and shape[2:] != (1, 1) for shape in down.values())
    stems = list(layout.stems) or sorted(_stems(layout))
    return LoraSummary(
        file=layout.name if path.is_dir() else path.name,
        method=layout.method or _method([layer for layer, _ in scaled], convolutions=convolutions),
        naming=_naming(list(layout.shapes)),
        family=family_of_layers(down) or family_of_names(stems),
        ranks=dict(Counter(layer.rank for layer, _ in scaled if layer.rank is not None)),
        alphas=dict(Counter(round(scale.alpha, 4) for layer, scale in scaled if scale.source and layer.rank is not None)),
        blocks=dict(Counter(_block(stem) for stem in stems)),
        trigger=layout.trigger,
        thing=metadata.get(KIND_KEY),
        base=metadata.get("ss_sd_model_name") or metadata.get("ss_base_model_version") or metadata.get("modelspec.architecture"),
        hash=metadata.get("sshs_model_hash"),
        training=_training(metadata),
        tags=dict(tag_counts(metadata).most_common(MOST_TAGS)),
        inversions={name: len(next(iter(vectors.values()))) for name, vectors in inversions.items()},
        notes=tuple(notes + inversion_notes(layout.inversions) + changed),
    )


def _method(layers: Sequence[AddedLayer], *, convolutions: bool) -> str:
    methods = [layer.method for layer in layers]
    if set(methods) == {"LoRA"}:
        return "LoCon" if convolutions else "LoRA"
    return ", ".join(dict.fromkeys(methods))


def _layers(layout: LoraLayout, tensors: Mapping[str, Tensor]) -> list[tuple[AddedLayer, Scale]]:
    return [
        found
        for stem, roles in layout.stems.items()
        for found in read_scaled_layers(layout, roles, tensors, part_of_name(stem), [bare_name(stem)]).values()
    ]


def _stems(layout: LoraLayout) -> set[str]:
    return {key.split(".")[0] if key.startswith("lora_") else key.rsplit(".", 1)[0] for key in layout.shapes}


def _naming(keys: list[str]) -> str:
    if any(is_numbered(key) for key in keys):
        return "cloneofsimo"
    if any(".lora_A" in key for key in keys):
        return "peft"
    if any(key.endswith((".lora.down.weight", "_lora.down.weight", ".lora_linear_layer.down.weight")) for key in keys):
        return "diffusers"
    return next((tool for start, tool in NAMING.items() if any(key.startswith(start) for key in keys)), "unknown")


def _block(stem: str) -> str:
    part = part_of_name(stem)
    if part != DENOISER:
        return "second text encoder" if part == TEXT_2 else "text encoder"
    name = f"_{bare_name(stem).replace('.', '_')}"
    for mark, side in (("down", "down"), ("input", "down"), ("mid", "middle"), ("up", "up"), ("output", "up")):
        if f"_{mark}_blocks" in name or f"_{mark}_block" in name or f"_{mark}dle_block" in name:
            attention = "attention" if "attn" in name or "attentions" in name or "transformer" in name else "other"
            return f"UNet {side}, {attention}"
    return "UNet, other"


def _training(metadata: Mapping[str, str]) -> dict[str, str]:
    names = ("steps", "num_epochs", "num_train_images", "num_reg_images", "resolution", "learning_rate", "clip_skip", "v2")
    return {name: metadata[f"ss_{name}"] for name in names if metadata.get(f"ss_{name}") not in (None, "", "None")}
