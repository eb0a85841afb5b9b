"""A Stable Diffusion small enough to be built in a test: every kind of layer a LoRA touches, random weights."""

from __future__ import annotations

from typing import Any

import torch
from diffusers import UNet2DConditionModel
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel

from models.lora.sites import DENOISER, TEXT, TEXT_2, Part


def by_part(*modules: nn.Module) -> dict[Part, nn.Module]:
    """A denoiser and its text encoders, as `open_lora` takes them."""
    return dict(zip((DENOISER, TEXT, TEXT_2), modules, strict=False))


def tiny_unet(seed: int = 0, **changes: Any) -> UNet2DConditionModel:
    torch.manual_seed(seed)
    settings: dict[str, Any] = {
        "sample_size": 8,
        "in_channels": 4,
        "out_channels": 4,
        "layers_per_block": 1,
        "block_out_channels": (8, 16),
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
        "cross_attention_dim": 12,
        "attention_head_dim": 2,
        "norm_num_groups": 4,
    }
    return UNet2DConditionModel(**{**settings, **changes}).requires_grad_(False).eval()


def tiny_text_encoder(seed: int = 0, **changes: Any) -> CLIPTextModel:
    torch.manual_seed(seed)
    settings: dict[str, Any] = {
        "vocab_size": 600,
        "hidden_size": 12,
        "intermediate_size": 24,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "max_position_embeddings": 77,
        "bos_token_id": 598,
        "eos_token_id": 599,
        "pad_token_id": 599,
    }
    config = CLIPTextConfig(**{**settings, **changes})
    model: CLIPTextModel = CLIPTextModel(config).requires_grad_(False)
    model.train(False)
    return model
