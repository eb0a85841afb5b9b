"""LoRAs of every method and a textual inversion, of random weights, in kohya's names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

RANK: Final = 4
SIZE: Final = 0.35
"""Of an update beside the weight that it is added to, by the norm."""
ATTENTION: Final = (".attn1.to_", ".attn2.to_", ".ff.net")
CROSS_ATTENTION: Final = (".attn2.to_",)
"""What LoRAs for SDXL change: ComfyUI keeps a copy of every weight that it changes, and all of them need 9 GB more."""

Layer = nn.Linear | nn.Conv2d
Parts = Callable[[tuple[int, ...], float], dict[str, Tensor]]
"""The tensors of one layer's update, by their endings, for a weight of this shape and an update of this norm."""


def layers_of(config: Path) -> dict[str, dict[str, Layer]]:
    """Linear and convolution layers by kohya's prefix, of models without weights."""
    models: dict[str, nn.Module] = {}
    with torch.device("meta"):
        models["lora_unet"] = UNet2DConditionModel.from_config(UNet2DConditionModel.load_config(config / "unet"))
        two = (config / "text_encoder_2").is_dir()
        models["lora_te1" if two else "lora_te"] = CLIPTextModel(CLIPTextConfig.from_pretrained(config / "text_encoder"))
        if two:
            second = CLIPTextConfig.from_pretrained(config / "text_encoder_2")
            models["lora_te2"] = CLIPTextModelWithProjection(second)
    return {
        prefix: {name: layer for name, layer in model.named_modules() if isinstance(layer, (nn.Linear, nn.Conv2d))}
        for prefix, model in models.items()
    }


def write_loras(folder: Path, config: Path) -> dict[str, Path]:
    """`plain` on attention (for SDXL cross-attention), `locon` on convolutions too, `text` on the text encoders too, `second` and
    `third` like `plain`, and `loha`, `lokr` and `dora`."""
    layers = layers_of(config)
    attention = CROSS_ATTENTION if "lora_te2" in layers else ATTENTION
    unet: dict[str, Layer] = {
        f"lora_unet.{name}": layer for name, layer in layers["lora_unet"].items() if any(a in name for a in attention)
    }
    convolutions: dict[str, Layer] = {
        f"lora_unet.{name}": layer
        for name, layer in layers["lora_unet"].items()
        if isinstance(layer, nn.Conv2d) and name not in ("conv_in", "conv_out")
    }
    text: dict[str, Layer] = {
        f"{prefix}.{name if name.startswith('text_model.') else 'text_model.' + name}": layer
        for prefix, found in layers.items()
        if prefix != "lora_unet"
        for name, layer in found.items()
        if "layers." in name
    }
    chosen = {
        "plain": (unet, _lora),
        "locon": (unet | convolutions, _lora),
        "text": (unet | text, _lora),
        "second": (unet, _lora),
        "third": (unet, _lora),
        "loha": (unet | convolutions, _loha),
        "lokr": (unet, _lokr),
        "dora": (unet, _dora),
    }
    folder.mkdir(parents=True, exist_ok=True)
    written = {}
    for number, (name, (where, parts)) in enumerate(chosen.items()):
        torch.manual_seed(number)
        written[name] = folder / f"{name}.safetensors"
        save_file(_tensors(where, parts), written[name], {"ss_output_name": name})
    return written


def write_textual_inversion(path: Path, family: str = "sd15") -> None:
    """Three vectors: in A1111's form, for SDXL two tables of them."""
    torch.manual_seed(1)
    path.parent.mkdir(parents=True, exist_ok=True)
    widths = {"sd15": {"emb_params": 768}, "sdxl": {"clip_l": 768, "clip_g": 1280}}[family]
    save_file({name: torch.randn(3, width) * 0.1 for name, width in widths.items()}, path)


def _tensors(where: Mapping[str, Layer], parts: Parts) -> dict[str, Tensor]:
    found = {}
    for name, layer in where.items():
        prefix, _, place = name.partition(".")
        shape = tuple(layer.weight.shape)
        # PyTorch's first weights are uniform: their mean square is 1 / (3 * inputs).
        inputs = int(torch.tensor(shape[1:]).prod())
        norm = SIZE * (shape[0] / 3) ** 0.5 if prefix == "lora_unet" else SIZE * 0.02 * (shape[0] * inputs) ** 0.5
        for ending, value in parts(shape, norm).items():
            found[f"{prefix}_{place.replace('.', '_')}.{ending}"] = value.half().contiguous()
    return found


def _lora(shape: tuple[int, ...], norm: float) -> dict[str, Tensor]:
    """alpha is half of the rank."""
    down, up = torch.randn(RANK, *shape[1:]), torch.randn(shape[0], RANK, *(1,) * (len(shape) - 2))
    factor = (norm / (0.5 * (up.flatten(1) @ down.flatten(1)).norm())) ** 0.5
    return {"lora_down.weight": down * factor, "lora_up.weight": up * factor, "alpha": torch.tensor(RANK / 2)}


def _loha(shape: tuple[int, ...], norm: float) -> dict[str, Tensor]:
    inputs = int(torch.tensor(shape[1:]).prod())
    parts = {
        f"hada_w{i}_{side}": torch.randn(*size) for i in (1, 2) for side, size in (("a", (shape[0], RANK)), ("b", (RANK, inputs)))
    }
    product = (parts["hada_w1_a"] @ parts["hada_w1_b"]) * (parts["hada_w2_a"] @ parts["hada_w2_b"])
    factor = (norm / (0.5 * product.norm())) ** 0.25
    return {name: value * factor for name, value in parts.items()} | {"alpha": torch.tensor(RANK / 2)}


def _lokr(shape: tuple[int, ...], norm: float) -> dict[str, Tensor]:
    """The first factor whole, the second of low rank."""
    first = torch.randn(4, 4)
    left, right = torch.randn(shape[0] // 4, RANK), torch.randn(RANK, shape[1] // 4)
    product = torch.kron(first, left @ right)
    factor = (norm / (0.5 * product.norm())) ** (1 / 3)
    parts = {"lokr_w1": first * factor, "lokr_w2_a": left * factor, "lokr_w2_b": right * factor}
    return parts | {"alpha": torch.tensor(RANK / 2)}


def _dora(shape: tuple[int, ...], norm: float) -> dict[str, Tensor]:
    """Magnitudes by input, as LyCORIS and ComfyUI store them: about those of PyTorch's first weights."""
    magnitude = (shape[0] / (3 * shape[1])) ** 0.5 * (1 + 0.2 * torch.randn(1, *shape[1:]))
    return _lora(shape, norm) | {"dora_scale": magnitude}
