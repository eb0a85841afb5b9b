"""LoRA files: the one door in, and the one way out.

A LoRA (Hu et al. 2021) adds alpha / rank * up @ down to a layer's weight. In: kohya, A1111, peft and diffusers files and those of
cloneofsimo's scripts, as safetensors. Out: what kohya's scripts write, so that A1111, ComfyUI and diffusers read it, with true
alphas.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import InputError
from models.io.files import write_whole
from models.io.safetensors_header import read_safetensors_header
from models.lora.key_spellings import (
    CONTEXT_WIDTHS,
    Part,
    Role,
    Site,
    family_of_layers,
    kohya_name,
    other_method,
    site_names,
    split_key,
)
from models.lora.numbered_keys import EMBEDDING, numbered_names

if TYPE_CHECKING:
    from torch import Tensor, nn
from models.lora.methods import LoraLayer

TRIGGER_KEY = "modelspec.trigger_phrase"
"""Where a file's metadata name its trigger word."""


@dataclass(frozen=True)
class LoraFile:
    """A LoRA whose every layer was found in the base it was opened with.

    `unet`, `text` and `text_2` map module names, as `get_submodule` of diffusers' UNet2DConditionModel, transformers'
    CLIPTextModel and SDXL's CLIPTextModelWithProjection takes them; `text_2` is empty for SD 1.x. `hash` is what A1111 calls the
    LoRA in picture metadata: 12 hex digits of `sshs_model_hash`, or of `digest`. `digest` is SHA-256 in hex over the file's
    tensors (A1111's AutoV3), always computed: what caches go by.
    """

    path: Path
    name: str
    hash: str
    digest: str
    unet: dict[str, LoraLayer]
    text: dict[str, LoraLayer]
    metadata: dict[str, str]
    text_2: dict[str, LoraLayer] = field(default_factory=dict)


def open_lora(path: Path, unet: nn.Module, text_encoder: nn.Module, text_encoder_2: nn.Module | None = None) -> LoraFile:
    """Opens a .safetensors LoRA for the base whose UNet and text encoders are given; tensors on the CPU, as stored.

    A textual inversion that cloneofsimo's scripts kept in the same file is passed over.
    Raises InputError for a missing, damaged or pickled file, LoHa, LoKr, DoRA and other methods, values that are not finite, and
    LoRAs of another architecture (a layer that the base lacks or of another shape).
    """
    entries, metadata, start = read_header(path)
    method = other_method(list(entries))
    if method is not None:
        raise InputError(f"a {method} file is no plain LoRA", path, "use a LoRA or LoCon version of it")
    stems = _keys_by_stem(path, [key for key in entries if metadata.get(key) != EMBEDDING])
    tensors, digest = _read_tensors(path, start)
    shapes = {key: tuple(tensor.shape) for key, tensor in tensors.items()}
    names = site_names(unet, text_encoder, text_encoder_2) | numbered_names(path, unet, text_encoder, shapes, metadata)
    models: dict[Part, nn.Module] = {"unet": unet, "text": text_encoder}
    if text_encoder_2 is not None:
        models["text_2"] = text_encoder_2
    layers, strange = _fitted(path, stems, tensors, names, models, _adapter_settings(path, metadata))
    if strange:
        down = {stem: shapes[roles["down"]] for stem, roles in stems.items() if "down" in roles}
        raise _other_architecture(path, len(layers), len(stems), strange[0], family_of_layers(down), unet)
    if len(layers) < len(stems):
        raise InputError("the file names a layer twice, in two spellings", path, "save it again with one tool")
    parts: dict[Part, dict[str, LoraLayer]] = {"unet": {}, "text": {}, "text_2": {}}
    for site, layer in layers.items():
        parts[site.part][site.module] = layer
    stored = metadata.get("sshs_model_hash", "")
    short = (stored if _is_sha256(stored) else digest)[:12].lower()
    return LoraFile(path, path.stem, short, digest, parts["unet"], parts["text"], metadata, parts["text_2"])


def read_metadata(path: Path) -> dict[str, str]:
    """What a safetensors file says of itself, read from its header alone. Raises InputError if it is no safetensors file."""
    return read_header(path)[1]


def write_lora(path: Path, unet: Mapping[str, LoraLayer], text: Mapping[str, LoraLayer], metadata: Mapping[str, str]) -> str:
    """Writes the layers under kohya's names, each with its alpha, whole or not at all; returns the file's `sshs_model_hash`.

    Tensors keep their dtype; the same layers and metadata give the same bytes. `metadata` (`ss_*`, `modelspec.*`) gains
    `sshs_model_hash` and `sshs_legacy_hash` as kohya's scripts compute them.
    """
    import torch
    from safetensors.torch import save

    tensors: dict[str, Tensor] = {}
    sites = [(Site("unet", m), layer) for m, layer in unet.items()] + [(Site("text", m), layer) for m, layer in text.items()]
    for site, layer in sites:
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
    models: dict[Part, nn.Module],
    settings: dict[str, Any],
) -> tuple[dict[Site, LoraLayer], list[str]]:
    """The layers that the base has, and why each other one is none of its."""
    layers: dict[Site, LoraLayer] = {}
    strange = []
    for stem, roles in stems.items():
        site = names.get(stem)
        if site is None:
            strange.append(f"'{stem[:80]}' is not in it")
            continue
        layer = _layer(path, roles, tensors, _stored_alpha(settings, site))
        fitted = _fit(layer, _weight_shape(models[site.part], site.module))
        if fitted is None:
            strange.append(f"the shape of {site.module} differs")
        else:
            layers[site] = fitted
    return layers, strange


def _other_architecture(path: Path, matching: int, count: int, why: str, family: str | None, unet: nn.Module) -> InputError:
    width: Any = getattr(unet, "config", {}).get("cross_attention_dim")
    own = CONTEXT_WIDTHS.get(width)
    kind = f"a LoRA for {family}" if family not in (None, own) else "a LoRA of another architecture"
    what = f"{kind}: {matching} of its {count} layers match this base{f' ({own})' if own else ''}; {why}"
    return InputError(what, path, "use a LoRA trained on this kind of base")


def _layer(path: Path, roles: dict[Role, str], tensors: dict[str, Tensor], default_alpha: float | None) -> LoraLayer:
    if "down" not in roles or "up" not in roles:
        raise InputError(f"'{next(iter(roles.values()))}' lacks its other half", path, "fetch it again")
    down, up = tensors[roles["down"]], tensors[roles["up"]]
    stored = tensors.get(roles.get("alpha", ""))
    if not (down.is_floating_point() and up.is_floating_point()) or (stored is not None and stored.numel() != 1):
        raise InputError(f"'{roles['down']}' is not stored as floating-point LoRA matrices", path, "use the unquantised file")
    alpha = float(stored.item()) if stored is not None else default_alpha
    finite = bool(down.float().isfinite().all()) and bool(up.float().isfinite().all())
    if not finite or (alpha is not None and alpha != alpha):
        raise InputError(f"'{roles['down']}' holds NaN or infinity", path, "fetch or train it again")
    return LoraLayer(down, up, alpha if alpha is not None else float(down.shape[0] if down.ndim else 1))


def _weight_shape(model: nn.Module, module: str) -> tuple[int, ...]:
    return tuple(model.get_parameter(f"{module}.weight").shape)


def _fit(layer: LoraLayer, shape: tuple[int, ...]) -> LoraLayer | None:
    """The layer in the shape of the base's weight, or None if it is another. 1x1 convolutions and linear layers are the same."""
    down, up = layer.down, layer.up
    if up.ndim not in (2, 4) or down.ndim not in (2, 4) or up.shape[1:] != (layer.rank, 1, 1)[: up.ndim - 1] or layer.rank == 0:
        return None
    kernel = shape[2:]
    if (up.shape[0], down.shape[1]) != shape[:2] or (tuple(down.shape[2:]) or (1, 1)) != (kernel or (1, 1)):
        return None
    ones = (1, 1) if kernel else ()
    return LoraLayer(down.reshape(layer.rank, shape[1], *kernel), up.reshape(shape[0], layer.rank, *ones), layer.alpha)


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and all(c in "0123456789abcdefABCDEF" for c in text)


def _adapter_settings(path: Path, metadata: dict[str, str]) -> dict[str, Any]:
    """What diffusers keeps of peft's settings in the metadata: there alphas are not stored beside the matrices."""
    try:
        held = json.loads(metadata.get("lora_adapter_metadata", "{}"))
    except json.JSONDecodeError as error:
        raise InputError("its adapter metadata does not read, so that its alphas are unknown", path, "save it again") from error
    return held if isinstance(held, dict) else {}


def _stored_alpha(settings: dict[str, Any], site: Site) -> float | None:
    """The alpha in effect, such that alpha / rank is the scale; None if the settings do not say."""
    prefix = {"unet": "unet", "text": "text_encoder", "text_2": "text_encoder_2"}[site.part]
    rank = _by_name(settings.get(f"{prefix}.rank_pattern"), site.module, settings.get(f"{prefix}.r"))
    alpha = _by_name(settings.get(f"{prefix}.alpha_pattern"), site.module, settings.get(f"{prefix}.lora_alpha"))
    if not isinstance(alpha, (int, float)) or not isinstance(rank, (int, float)):
        return None
    return float(alpha) * float(rank) ** 0.5 if settings.get(f"{prefix}.use_rslora") else float(alpha)


def _by_name(pattern: object, module: str, default: object) -> object:
    if not isinstance(pattern, dict):
        return default
    return next((value for name, value in pattern.items() if module == name or module.endswith(f".{name}")), default)
