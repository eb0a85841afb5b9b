"""LoRA files: the one door in, and the one way out.

A LoRA (Hu et al. 2021) adds alpha / rank * up @ down to a layer's weight. In: kohya, A1111, peft and diffusers files as
safetensors. Out: what kohya's scripts write, so that A1111, ComfyUI and diffusers read it, with true alphas.
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
from models.files import write_whole
from models.lora_keys import Role, Site, kohya_name, other_method, site_names, split_key

if TYPE_CHECKING:
    from torch import Tensor, nn

MAX_HEADER = 100_000_000
TRIGGER_KEY = "modelspec.trigger_phrase"
"""Where a file's metadata name its trigger word."""


@dataclass(frozen=True)
class LoraLayer:
    """down: (rank, in) or (rank, in, k, k); up: (out, rank) or (out, rank, 1, 1); any floating dtype."""

    down: Tensor
    up: Tensor
    alpha: float

    @property
    def rank(self) -> int:
        return int(self.down.shape[0])

    def delta(self) -> Tensor:
        """alpha / rank * up @ down in float32, of the shape of the weight it is added to: (out, in) or (out, in, k, k)."""
        up, down = self.up.float().flatten(1), self.down.float()
        product = (up @ down.flatten(1)) * (self.alpha / self.rank)
        return product.view(up.shape[0], *down.shape[1:])


@dataclass(frozen=True)
class LoraFile:
    """A LoRA whose every layer was found in the base it was opened with.

    `unet` and `text` map module names, as `get_submodule` of diffusers' UNet2DConditionModel and transformers' CLIPTextModel
    takes them. `hash` is what A1111 calls the LoRA in picture metadata: 12 hex digits of `sshs_model_hash`, or of `digest`.
    `digest` is SHA-256 in hex over the file's tensors (A1111's AutoV3), always computed: what caches go by.
    """

    path: Path
    name: str
    hash: str
    digest: str
    unet: dict[str, LoraLayer]
    text: dict[str, LoraLayer]
    metadata: dict[str, str]


def open_lora(path: Path, unet: nn.Module, text_encoder: nn.Module) -> LoraFile:
    """Opens a .safetensors LoRA for the base whose UNet and text encoder are given; tensors on the CPU, as stored.

    Raises InputError for a missing, damaged or pickled file, LoHa, LoKr, DoRA and other methods, values that are not finite, and
    LoRAs of another architecture (a layer that the base lacks or of another shape).
    """
    entries, metadata, start = read_header(path)
    method = other_method(list(entries))
    if method is not None:
        raise InputError(f"a {method} file is no plain LoRA", path, "use a LoRA or LoCon version of it")
    keys = _keys_by_site(path, list(entries), site_names(unet, text_encoder))
    tensors, digest = _read_tensors(path, start)
    settings = _adapter_settings(path, metadata)
    models: dict[str, nn.Module] = {"unet": unet, "text": text_encoder}
    parts: dict[str, dict[str, LoraLayer]] = {"unet": {}, "text": {}}
    misfits = []
    for site, roles in keys.items():
        layer = _layer(path, roles, tensors, _stored_alpha(settings, site))
        fitted = _fit(layer, _weight_shape(models[site.part], site.module))
        if fitted is None:
            misfits.append(site)
        else:
            parts[site.part][site.module] = fitted
    if misfits:
        raise _other_architecture(path, len(keys) - len(misfits), len(keys), f"the shape of {misfits[0].module} differs")
    stored = metadata.get("sshs_model_hash", "")
    short = (stored if _is_sha256(stored) else digest)[:12].lower()
    return LoraFile(path, path.stem, short, digest, parts["unet"], parts["text"], metadata)


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
    """Tensor entries, metadata and the byte at which the tensors start (safetensors format: 8-byte length, JSON, data)."""
    if not path.is_file():
        raise InputError("no such LoRA file", path, "check the path")
    if path.suffix.lower() != ".safetensors":
        raise InputError("a LoRA that is no .safetensors file can run code when opened", path, "fetch its .safetensors version")
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(8)
        length = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
        if not 2 <= length <= min(size - 8, MAX_HEADER):
            raise InputError("not a safetensors file, or cut short", path, "fetch it again")
        try:
            header = json.loads(stream.read(length))
        except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
            raise InputError("not a safetensors file (its header does not read)", path, "fetch it again") from error
    if not isinstance(header, dict):
        raise InputError("not a safetensors file (its header does not read)", path, "fetch it again")
    metadata = header.pop("__metadata__", None) or {}
    if not isinstance(metadata, dict):
        raise InputError("not a safetensors file (its metadata does not read)", path, "fetch it again")
    return header, {str(k): str(v) for k, v in metadata.items()}, 8 + length


def _read_tensors(path: Path, start: int) -> tuple[dict[str, Tensor], str]:
    from safetensors import SafetensorError
    from safetensors.torch import load

    data = path.read_bytes()
    try:
        return load(data), hashlib.sha256(memoryview(data)[start:]).hexdigest()
    except (SafetensorError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise InputError("a damaged safetensors file", path, "fetch it again") from error


def _keys_by_site(path: Path, keys: list[str], names: dict[str, Site]) -> dict[Site, dict[Role, str]]:
    """The file's keys gathered by layer; every layer must be one of the base."""
    stems: dict[str, dict[Role, str]] = {}
    for key in keys:
        parts = split_key(key)
        if parts is None:
            raise InputError(f"not a LoRA file (it holds '{key[:80]}')", path, "name a LoRA; a checkpoint goes under base:")
        stems.setdefault(parts[0], {})[parts[1]] = key
    if not stems:
        raise InputError("the file holds no layers", path, "fetch it again")
    strange = [stem for stem in stems if stem not in names]
    if strange:
        raise _other_architecture(path, len(stems) - len(strange), len(stems), f"'{strange[0][:80]}' is not in it")
    sites = {names[stem]: roles for stem, roles in stems.items()}
    if len(sites) < len(stems):
        raise InputError("the file names a layer twice, in two spellings", path, "save it again with one tool")
    return sites


def _other_architecture(path: Path, matching: int, count: int, why: str) -> InputError:
    what = f"a LoRA of another architecture: {matching} of its {count} layers match this base; {why}"
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
    prefix = "unet" if site.part == "unet" else "text_encoder"
    rank = _by_name(settings.get(f"{prefix}.rank_pattern"), site.module, settings.get(f"{prefix}.r"))
    alpha = _by_name(settings.get(f"{prefix}.alpha_pattern"), site.module, settings.get(f"{prefix}.lora_alpha"))
    if not isinstance(alpha, (int, float)) or not isinstance(rank, (int, float)):
        return None
    return float(alpha) * float(rank) ** 0.5 if settings.get(f"{prefix}.use_rslora") else float(alpha)


def _by_name(pattern: object, module: str, default: object) -> object:
    if not isinstance(pattern, dict):
        return default
    return next((value for name, value in pattern.items() if module == name or module.endswith(f".{name}")), default)
