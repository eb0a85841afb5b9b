"""The layout of a LoRA file: which of its keys make up which layer, and what else it holds. Read from its header alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from models.errors import InputError
from models.io.safetensors_header import read_safetensors_header
from models.language.translate import phrase
from models.lora.bundled import BundledInversion, bundled_inversions, is_bundled
from models.lora.key_spellings import split_keys
from models.lora.layers.parts import Role
from models.lora.methods import unsupported_method
from models.lora.scale.adapter_settings import CONFIG_FILE
from models.lora.scale.stated import StatedScale, adapter_config, stated_scale

TRIGGER_KEY: Final = "modelspec.trigger_phrase"
"""Where a file's metadata name its trigger word."""
KIND_KEY: Final = "huanhua_kind"
"""Where a file's metadata name what it was trained for, of `models.lora_kinds.LoraKind`."""
FOLDER_FILES: Final = ("adapter_model.safetensors", "pytorch_lora_weights.safetensors")
"""What peft and diffusers call the file in a folder that they save."""
OTHER_TENSORS: Final = (
    (".bias", "biases that were trained too"),
    (".lora_embedding_A", "vectors of words that were trained too"),
    (".lora_embedding_B", "vectors of words that were trained too"),
    (".weight", "whole layers that were trained too"),
)
"""The ends of keys that are no LoRA matrices, in files that hold such matrices, and what they are."""


@dataclass(frozen=True)
class LoraLayout:
    """What a file's header, and peft's settings next to it, tell."""

    path: Path
    """Of the tensors; in a folder that peft or diffusers saved, the file in it."""
    name: str
    """The file's stem, or the folder's name."""
    shapes: Mapping[str, tuple[int, ...]]
    """Of its tensors, by key."""
    metadata: dict[str, str]
    start: int
    """The byte at which the tensors begin."""
    stems: Mapping[str, Mapping[Role, str]]
    """The keys of each layer by role, by the layer's name in the file. Empty for a method that cannot be read."""
    method: str | None
    """The name of a method that cannot be read."""
    inversions: tuple[BundledInversion, ...]
    """The textual inversions that the file holds besides."""
    scale: StatedScale

    @property
    def down_shapes(self) -> dict[str, tuple[int, ...]]:
        """Of the down matrices, by layer."""
        return {stem: self.shapes[roles["down"]] for stem, roles in self.stems.items() if roles.get("down") in self.shapes}

    @property
    def trigger(self) -> str | None:
        return trigger_in(self.metadata)

    @property
    def unread_config(self) -> bool:
        """Whether an adapter_config.json lies next to a file of peft's form without being clearly its own."""
        peft = any(".lora_A" in key for key in self.shapes)
        return peft and self.path.with_name(CONFIG_FILE).is_file() and self.scale.config is None


def read_layout(path: Path) -> LoraLayout:
    """The layout of a .safetensors LoRA, or of a folder that peft or diffusers saved.

    Raises InputError for a missing, damaged or pickled file, one that holds no LoRA of any method or more than LoRA layers, and
    for peft's settings that do not read.
    """
    file = weights_file(path)
    header = read_safetensors_header(file)
    keys, method = list(header.entries), unsupported_method(list(header.entries))
    layers = [key for key in keys if not is_bundled(key, header.metadata)]
    return LoraLayout(
        path=file,
        name=lora_name(path),
        shapes=header.shapes,
        metadata=header.metadata,
        start=header.start,
        stems={} if method else _keys_by_stem(file, layers),
        method=method,
        inversions=bundled_inversions(keys, header.metadata),
        scale=StatedScale() if method else stated_scale(file, header.metadata, layers),
    )


def weights_file(path: Path) -> Path:
    """The .safetensors file itself, or that of a folder which peft or diffusers saved. Raises InputError if there is none."""
    if path.is_dir():
        found = [path / name for name in FOLDER_FILES if (path / name).is_file()] or sorted(path.glob("*.safetensors"))
        if len(found) == 1:
            return found[0]
        pickled = next(iter(sorted(path.glob("*.bin"))), None)
        if pickled is not None and not found:
            what = phrase("a LoRA folder whose file is pickled ({name}), which can run code when opened", name=pickled.name)
            raise InputError(what, path, "save it again with safe_serialization=True")
        several = phrase("a folder with {count} LoRA files", count=len(found))
        raise InputError(several if found else "a folder without a LoRA file", path, "name the .safetensors file itself")
    if not path.is_file():
        raise InputError("no such LoRA file", path, "check the path")
    if path.suffix.lower() != ".safetensors":
        raise InputError("a LoRA that is no .safetensors file can run code when opened", path, "fetch its .safetensors version")
    return path


def lora_files(path: Path) -> list[Path]:
    """Every file that decides what the LoRA at `path` is; `path` itself if it cannot be told."""
    try:
        file = weights_file(path)
        config = adapter_config(file, list(read_safetensors_header(file).entries))
    except InputError:
        return [path]
    return [file] if config is None else [file, config]


def inversion_words(path: Path) -> tuple[str, ...]:
    """The words that stand for textual inversions in a LoRA file; none where it does not read."""
    try:
        header = read_safetensors_header(weights_file(path))
    except InputError:
        return ()
    return tuple(inversion.name for inversion in bundled_inversions(list(header.entries), header.metadata))


def lora_name(path: Path) -> str:
    """What a LoRA is called: the file's stem, or the folder's name."""
    return path.name if path.is_dir() else path.stem


def trigger_in(metadata: Mapping[str, str]) -> str | None:
    """The trigger word that a file's metadata name, or else the token of the only folder that it was trained on."""
    named = metadata.get(TRIGGER_KEY, "").strip()
    tokens = {folder.partition("_")[2] for folder in metadata_table(metadata, "ss_dataset_dirs")}
    return named or (tokens.pop() if len(tokens) == 1 and all(tokens) else None)


def hash_notes(metadata: Mapping[str, str], digest: str) -> list[str]:
    """A line if the tensors, whose SHA-256 is `digest`, are others than those that the metadata name by hash."""
    stored = metadata.get("sshs_model_hash", "").lower()
    if not is_sha256(stored) or stored == digest:
        return []
    return [phrase("its tensors are not those that its sshs_model_hash is of: it was converted, resized or cut since")]


def is_sha256(text: str) -> bool:
    return len(text) == 64 and all(c in "0123456789abcdefABCDEF" for c in text)


def metadata_table(metadata: Mapping[str, str], key: str) -> dict[str, Any]:
    """A JSON table of the metadata; empty where it does not read."""
    try:
        table = json.loads(metadata.get(key, "{}"))
    except (json.JSONDecodeError, RecursionError):
        return {}
    return table if isinstance(table, dict) else {}


def tag_counts(metadata: Mapping[str, str]) -> Counter[str]:
    """The tags of the captions that it was trained with."""
    counted: Counter[str] = Counter()
    for tags in metadata_table(metadata, "ss_tag_frequency").values():
        if isinstance(tags, dict):
            counted.update({str(tag): count for tag, count in tags.items() if isinstance(count, int)})
    return counted


def _keys_by_stem(path: Path, keys: list[str]) -> dict[str, dict[Role, str]]:
    stems: dict[str, dict[Role, str]] = {}
    split = split_keys(keys)
    others = [key for key, parts in split.items() if parts is None]
    if others:
        raise _no_lora(path, others, len(keys))
    for key, parts in split.items():
        assert parts is not None
        roles = stems.setdefault(parts[0], {})
        if parts[1] in roles:
            what = phrase("'{key}' and '{role}' are the same matrix of two adapters", key=key[:80], role=roles[parts[1]][:80])
            raise InputError(what, path, "save each adapter in a file of its own")
        roles[parts[1]] = key
    if not stems:
        raise InputError("the file holds no layers", path, "fetch it again")
    return stems


def _no_lora(path: Path, others: list[str], count: int) -> InputError:
    first = others[0][:80]
    if len(others) == count:
        return InputError(
            phrase("not a LoRA file (no LoRA layers in it: it holds '{first}')", first=first),
            path,
            "name a LoRA; a checkpoint goes under base:",
        )
    kind = next((words for end, words in OTHER_TENSORS if others[0].endswith(end)), "keys of an unknown kind")
    what = phrase(
        "more than a LoRA (it holds '{first}' besides LoRA layers: {kind}, {count} of {count_2} keys)",
        first=first,
        kind=kind,
        count=len(others),
        count_2=count,
    )
    return InputError(what, path, "save it as a plain LoRA: what would be left out is part of what was trained")
