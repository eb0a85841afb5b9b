"""Describes any LoRA file by its names, shapes and metadata alone: without a base, and without loading weights."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from models.errors import InputError
from models.lora.file import TRIGGER_KEY, read_header
from models.lora.key_spellings import family_of_layers, split_key
from models.lora.methods import unsupported_method
from models.lora.numbered_keys import is_numbered

MOST_TAGS: Final = 12


@dataclass(frozen=True)
class LoraSummary:
    """What a file's header contains; None or empty where it lacks something."""

    file: str
    method: str
    """LoRA, LoCon (with convolutions larger than 1x1), or the name of a method that cannot be read."""
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


def summarise(path: Path) -> LoraSummary:
    """Raises InputError for what is no safetensors file, or contains no LoRA of any method."""
    entries, metadata, _ = read_header(path)
    method = unsupported_method(list(entries))
    shapes = _shapes(entries)
    if method is None and not shapes:
        raise InputError("not a LoRA file (no LoRA layers in it)", path, "name a LoRA; a checkpoint goes under base:")
    down = {stem: roles["down"] for stem, roles in shapes.items() if "down" in roles}
    convolutions = any(len(shape) == 4 and shape[2:] != [1, 1] for shape in down.values())
    return LoraSummary(
        file=path.name,
        method=method or ("LoCon" if convolutions else "LoRA"),
        naming=_naming(list(entries)),
        family=family_of_layers(down),
        ranks=dict(Counter(shape[0] for shape in down.values() if shape)) if method is None else {},
        alphas=_alphas(path, entries) if method is None else {},
        blocks=dict(Counter(_block(stem) for stem in (down or _stems(entries)))),
        trigger=_trigger(metadata),
        base=metadata.get("ss_sd_model_name") or metadata.get("ss_base_model_version") or metadata.get("modelspec.architecture"),
        hash=metadata.get("sshs_model_hash"),
        training=_training(metadata),
        tags=_tags(metadata),
    )


def _shapes(entries: Mapping[str, Any]) -> dict[str, dict[str, list[int]]]:
    found: dict[str, dict[str, list[int]]] = {}
    for key, entry in entries.items():
        parts = split_key(key)
        if parts is not None and parts[1] != "alpha" and isinstance(entry, dict) and isinstance(entry.get("shape"), list):
            found.setdefault(parts[0], {})[parts[1]] = entry["shape"]
    return found


def _stems(entries: Mapping[str, Any]) -> set[str]:
    return {key.split(".")[0] if key.startswith("lora_") else key.rsplit(".", 1)[0] for key in entries}


def _naming(keys: list[str]) -> str:
    if any(is_numbered(key) for key in keys):
        return "cloneofsimo"
    if any(".lora_A." in key for key in keys):
        return "peft"
    if any(key.endswith((".lora.down.weight", "_lora.down.weight", ".lora_linear_layer.down.weight")) for key in keys):
        return "diffusers"
    return "kohya" if any(key.startswith("lora_") for key in keys) else "unknown"


def _block(stem: str) -> str:
    name = stem.replace(".", "_")
    if name.startswith(("lora_te2", "text_encoder_2")):
        return "second text encoder"
    if name.startswith(("lora_te", "text_encoder")):
        return "text encoder"
    for mark, side in (("down", "down"), ("input", "down"), ("mid", "middle"), ("up", "up"), ("output", "up")):
        if f"_{mark}_blocks" in name or f"_{mark}_block" in name or f"_{mark}dle_block" in name:
            attention = "attention" if "attn" in name or "attentions" in name or "transformer" in name else "other"
            return f"UNet {side}, {attention}"
    return "UNet, other"


def _alphas(path: Path, entries: Mapping[str, Any]) -> dict[float, int]:
    from safetensors import SafetensorError, safe_open

    keys = [key for key in entries if key.endswith(".alpha")]
    try:
        with safe_open(path, framework="pt") as opened:
            return dict(Counter(round(float(opened.get_tensor(key).float().reshape(-1)[0]), 4) for key in keys))
    except (SafetensorError, KeyError, ValueError, TypeError, RuntimeError, IndexError) as error:
        raise InputError("a damaged safetensors file", path, "fetch it again") from error


def _trigger(metadata: Mapping[str, str]) -> str | None:
    """What the file names, or else the token of the only folder it was trained on."""
    if metadata.get(TRIGGER_KEY):
        return metadata[TRIGGER_KEY]
    tokens = {folder.partition("_")[2] for folder in _table(metadata, "ss_dataset_dirs")}
    return tokens.pop() if len(tokens) == 1 and all(tokens) else None


def _training(metadata: Mapping[str, str]) -> dict[str, str]:
    names = ("steps", "num_epochs", "num_train_images", "num_reg_images", "resolution", "learning_rate", "clip_skip", "v2")
    return {name: metadata[f"ss_{name}"] for name in names if metadata.get(f"ss_{name}") not in (None, "", "None")}


def _tags(metadata: Mapping[str, str]) -> dict[str, int]:
    """The tags of the training captions, the commonest first."""
    counted: Counter[str] = Counter()
    for tags in _table(metadata, "ss_tag_frequency").values():
        if isinstance(tags, dict):
            counted.update({str(tag): count for tag, count in tags.items() if isinstance(count, int)})
    return dict(counted.most_common(MOST_TAGS))


def _table(metadata: Mapping[str, str], key: str) -> dict[str, Any]:
    try:
        table = json.loads(metadata.get(key, "{}"))
    except (json.JSONDecodeError, RecursionError):
        return {}
    return table if isinstance(table, dict) else {}
