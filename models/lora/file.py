"""LoRA files: opened, and written.

A LoRA (Hu et al. 2021) adds alpha / rank * up @ down to a layer's weight. In: kohya, A1111, peft and diffusers files and those of
cloneofsimo's scripts, as safetensors. Out: what kohya's scripts write, so that A1111, ComfyUI and diffusers read it, with true
alphas.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import InputError
from models.io.files import write_whole
from models.io.safetensors_header import read_safetensors_header
from models.lora.adapter_metadata import read_adapter_settings, stored_alpha
from models.lora.key_spellings import CONTEXT_WIDTHS, Modules, family_of_layers, kohya_name, site_names, split_key
from models.lora.methods import LoraLayer, Role, read_layer, unsupported_method
from models.lora.numbered_keys import EMBEDDING, numbered_names
from models.lora.sites import DENOISER, Part, Site

if TYPE_CHECKING:
    from torch import Tensor, nn

Layers = Mapping[Part, Mapping[str, LoraLayer]]
"""By part of the base, then by the module's name in it."""
TRIGGER_KEY = "modelspec.trigger_phrase"
"""Where a file's metadata name its trigger word."""


@dataclass(frozen=True)
class LoraFile:
    """A LoRA whose every layer was found in the base it was opened with."""

    path: Path
    name: str
    """The file's stem."""
    hash: str
    """What A1111 calls the LoRA in picture metadata: 12 hex digits of `sshs_model_hash`, or of `digest`."""
    digest: str
    """SHA-256 in hex over the file's tensors (A1111's AutoV3), always computed: what cache keys are made of."""
    layers: Layers
    """For every part of the base, empty where the LoRA does not touch it."""
    metadata: dict[str, str]


def open_lora(path: Path, modules: Modules) -> LoraFile:
    """Opens a .safetensors LoRA for the base whose modules are given (`Base.modules`); tensors on the CPU, as stored.

    A textual inversion that cloneofsimo's scripts kept in the same file is passed over.
    Raises InputError for a missing, damaged or pickled file, LoHa, LoKr, DoRA and other methods, values that are not finite, and
    LoRAs of another architecture (a layer that the base lacks or of another shape).
    """
    entries, metadata, start = read_header(path)
    method = unsupported_method(list(entries))
    if method is not None:
        raise InputError(f"a {method} file is no plain LoRA", path, "use a LoRA or LoCon version of it")
    stems = _keys_by_stem(path, [key for key in entries if metadata.get(key) != EMBEDDING])
    tensors, digest = _read_tensors(path, start)
    shapes = {key: tuple(tensor.shape) for key, tensor in tensors.items()}
    names = site_names(modules) | numbered_names(path, modules, shapes, metadata)
    layers, strange = _fitted(path, stems, tensors, names, modules, read_adapter_settings(path, metadata))
    if strange:
        down = {stem: shapes[roles["down"]] for stem, roles in stems.items() if "down" in roles}
        raise _other_architecture(path, len(layers), len(stems), strange[0], family_of_layers(down), modules[DENOISER])
    if len(layers) < len(stems):
        raise InputError("the file names a layer twice, in two spellings", path, "save it again with one tool")
    parts: dict[Part, dict[str, LoraLayer]] = {part: {} for part in modules}
    for site, layer in layers.items():
        parts[site.part][site.module] = layer
    stored = metadata.get("sshs_model_hash", "")
    short = (stored if _is_sha256(stored) else digest)[:12].lower()
    return LoraFile(path, path.stem, short, digest, parts, metadata)


def read_metadata(path: Path) -> dict[str, str]:
    """The metadata of a safetensors file, read from its header alone. Raises InputError if it is no safetensors file."""
    return read_header(path)[1]


def write_lora(path: Path, layers: Layers, metadata: Mapping[str, str]) -> str:
    """Writes the layers under kohya's names, each with its alpha, whole or not at all; returns the file's `sshs_model_hash`.

    For bases of one text encoder. Tensors keep their dtype; the same layers and metadata give the same bytes. `metadata` (`ss_*`,
    `modelspec.*`) gains `sshs_model_hash` and `sshs_legacy_hash` as kohya's scripts compute them.
    """
    import torch
    from safetensors.torch import save

    tensors: dict[str, Tensor] = {}
    for site, layer in ((Site(part, m), layer) for part, modules in layers.items() for m, layer in modules.items()):
        name = kohya_name(site)
        tensors[f"{name}.lora_down.weight"] = layer.down.detach().cpu().contiguous()
        tensors[f"{name}.lora_up.weight"] = layer.up.detach().cpu().contiguous()
        tensors[f"{name}.alpha"] = torch.tensor(float(layer.alpha), dtype=torch.float32)
    training = {k: v for k, v in metadata.items() if k.startswith("ss_")}
    hashed = save(tensors, training)
    model_hash = hashlib.sha256(hashed[8 + struct.unpack("<Q", hashed[:8])[0] :]).hexdigest()
    legacy = hashlib.sha256(hashed[0x100000 : 0x100000 + 0x10000]).hexdigest()[:8]
    data = _with_sorted_header(save(tensors, {**metadata, "sshs_model_hash": model_hash, "sshs_legacy_hash": legacy}))
    write_whole(path, data)
    return model_hash


def _with_sorted_header(data: bytes) -> bytes:
    """The same file with its header in one order: the library writes metadata in another order each time."""
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    text = json.dumps(header, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data[8 + length :]


def read_header(path: Path) -> tuple[dict[str, Any], dict[str, str], int]:
    """Tensor entries, metadata and the byte at which the tensors start. Raises InputError if it is no safetensors file."""
    if not path.is_file():
        raise InputError("no such LoRA file", path, "check the path")
    if path.suffix.lower() != ".safetensors":
        raise InputError("a LoRA that is no .safetensors file can run code when opened", path, "fetch its .safetensors version")
    header = read_safetensors_header(path)
    return header.entries, header.metadata, header.start


def _read_tensors(path: Path, start: int) -> tuple[dict[str, Tensor], str]:
    from safetensors import SafetensorError
    from safetensors.torch import load

    data = path.read_bytes()
    try:
        return load(data), hashlib.sha256(memoryview(data)[start:]).hexdigest()
    except (SafetensorError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise InputError("a damaged safetensors file", path, "fetch it again") from error


def _keys_by_stem(path: Path, keys: list[str]) -> dict[str, dict[Role, str]]:
    """The file's keys gathered by layer."""
    stems: dict[str, dict[Role, str]] = {}
    for key in keys:
        parts = split_key(key)
        if parts is None:
            raise InputError(f"not a LoRA file (it holds '{key[:80]}')", path, "name a LoRA; a checkpoint goes under base:")
        stems.setdefault(parts[0], {})[parts[1]] = key
    if not stems:
        raise InputError("the file holds no layers", path, "fetch it again")
    return stems


def _fitted(
    path: Path,
    stems: dict[str, dict[Role, str]],
    tensors: dict[str, Tensor],
    names: dict[str, Site],
    modules: Modules,
    settings: dict[str, Any],
) -> tuple[dict[Site, LoraLayer], list[str]]:
    """The layers that the base has, and for each other one why it is none of the base's."""
    layers: dict[Site, LoraLayer] = {}
    strange = []
    for stem, roles in stems.items():
        site = names.get(stem)
        if site is None:
            strange.append(f"'{stem[:80]}' is not in it")
            continue
        layer = read_layer(path, roles, tensors, stored_alpha(settings, site))
        fitted = layer.fitted(tuple(modules[site.part].get_parameter(f"{site.module}.weight").shape))
        if fitted is None:
            strange.append(f"the shape of {site.module} differs")
        else:
            layers[site] = fitted
    return layers, strange


def _other_architecture(path: Path, matching: int, count: int, why: str, family: str | None, denoiser: nn.Module) -> InputError:
    width: Any = getattr(denoiser, "config", {}).get("cross_attention_dim")
    own = CONTEXT_WIDTHS.get(width)
    kind = f"a LoRA for {family}" if family not in (None, own) else "a LoRA of another architecture"
    what = f"{kind}: {matching} of its {count} layers match this base{f' ({own})' if own else ''}; {why}"
    return InputError(what, path, "use a LoRA trained on this kind of base")


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and all(c in "0123456789abcdefABCDEF" for c in text)
