"""Diffusers folders of flow-matching bases with random weights, small enough for a test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import torch
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, ZImagePipeline, ZImageTransformer2DModel
from transformers import Qwen3Config, Qwen3Model

from models.testing.flow.tokenizers import small_qwen_tokenizer

VAE: Final[dict[str, Any]] = {
    "in_channels": 3,
    "out_channels": 3,
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "block_out_channels": [8, 8, 16, 16],
    "layers_per_block": 1,
    "latent_channels": 16,
    "norm_num_groups": 4,
    "scaling_factor": 0.3611,
    "shift_factor": 0.1159,
    "use_quant_conv": False,
    "use_post_quant_conv": False,
}
"""As Z-Image and FLUX.1 have it, with few channels."""
QWEN: Final[dict[str, Any]] = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 8,
}


def z_image_pipeline(seed: int = 3, **transformer: Any) -> ZImagePipeline:
    torch.manual_seed(seed)
    tokenizer = small_qwen_tokenizer()
    settings: dict[str, Any] = {
        "dim": 32,
        "n_layers": 2,
        "n_refiner_layers": 1,
        "n_heads": 2,
        "n_kv_heads": 2,
        "cap_feat_dim": QWEN["hidden_size"],
        "axes_dims": [4, 6, 6],
        "axes_lens": [768, 64, 64],
    }
    denoiser = ZImageTransformer2DModel(**{**settings, **transformer})
    for token in (denoiser.x_pad_token, denoiser.cap_pad_token):
        torch.nn.init.normal_(token, std=0.1)
    encoder = Qwen3Model(Qwen3Config(vocab_size=len(tokenizer), **QWEN))
    scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0)
    return ZImagePipeline(scheduler, AutoencoderKL(**VAE), encoder, tokenizer, denoiser)


def z_image_folder(folder: Path, seed: int = 3) -> Path:
    z_image_pipeline(seed).save_pretrained(folder)
    return folder


FOLDERS: Final[dict[str, Callable[[Path], Path]]] = {"z-image": z_image_folder}
"""What writes a folder, by the name of its family."""
