"""Diffusers folders of flow-matching bases with random weights, small enough for a test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, cast

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderKLFlux2,
    Flux2KleinPipeline,
    Flux2Transformer2DModel,
    FluxPipeline,
    FluxTransformer2DModel,
    ZImagePipeline,
    ZImageTransformer2DModel,
)
from diffusers import FlowMatchEulerDiscreteScheduler as Scheduler
from transformers import CLIPTextConfig, CLIPTextModel, Qwen3Config, Qwen3ForCausalLM, Qwen3Model, T5Config, T5EncoderModel

from models.base.stable_diffusion import VOCABULARY, read_clip_tokenizer
from models.testing.bases import TEXT_CONFIG
from models.testing.flow.tokenizers import small_qwen_tokenizer, small_t5_tokenizer

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
    return ZImagePipeline(Scheduler(shift=3.0), AutoencoderKL(**VAE), encoder, tokenizer, denoiser)


def flux_pipeline(seed: int = 3, *, guided: bool = True, **transformer: Any) -> FluxPipeline:
    """FLUX.1 [dev], or without `guided` [schnell]."""
    torch.manual_seed(seed)
    tokenizers = read_clip_tokenizer(VOCABULARY), small_t5_tokenizer()
    clip = CLIPTextModel(CLIPTextConfig(**cast("dict[str, Any]", TEXT_CONFIG)))
    t5 = T5EncoderModel(
        T5Config(
            vocab_size=len(tokenizers[1]), d_model=24, d_kv=8, d_ff=32, num_layers=2, num_heads=2, feed_forward_proj="gated-gelu"
        )
    )
    settings: dict[str, Any] = {
        "in_channels": 4 * VAE["latent_channels"],
        "num_layers": 2,
        "num_single_layers": 2,
        "attention_head_dim": 16,
        "num_attention_heads": 2,
        "joint_attention_dim": 24,
        "pooled_projection_dim": TEXT_CONFIG["hidden_size"],
        "guidance_embeds": guided,
        "axes_dims_rope": (4, 6, 6),
    }
    denoiser = FluxTransformer2DModel(**{**settings, **transformer})
    scheduler = Scheduler(shift=3.0, use_dynamic_shifting=True) if guided else Scheduler()
    return FluxPipeline(scheduler, AutoencoderKL(**VAE), clip, tokenizers[0], t5, tokenizers[1], denoiser)


def flux2_pipeline(seed: int = 3, *, distilled: bool = False, **transformer: Any) -> Flux2KleinPipeline:
    torch.manual_seed(seed)
    tokenizer = small_qwen_tokenizer()
    encoder = Qwen3ForCausalLM(Qwen3Config(vocab_size=len(tokenizer), **{**QWEN, "num_hidden_layers": 28}))
    unlike = ("scaling_factor", "shift_factor", "use_quant_conv", "use_post_quant_conv", "latent_channels")
    vae = AutoencoderKLFlux2(**{name: value for name, value in VAE.items() if name not in unlike}, latent_channels=8)
    torch.nn.init.normal_(vae.bn.running_mean, std=0.3)
    torch.nn.init.uniform_(vae.bn.running_var, 0.5, 2.0)
    settings: dict[str, Any] = {
        "in_channels": 32,
        "num_layers": 2,
        "num_single_layers": 2,
        "attention_head_dim": 16,
        "num_attention_heads": 2,
        "joint_attention_dim": 3 * QWEN["hidden_size"],
        "axes_dims_rope": (4, 4, 4, 4),
        "guidance_embeds": False,
    }
    denoiser = Flux2Transformer2DModel(**{**settings, **transformer})
    scheduler = Scheduler(shift=3.0, use_dynamic_shifting=True)
    return Flux2KleinPipeline(scheduler, vae, encoder, tokenizer, denoiser, is_distilled=distilled)


FOLDERS: Final[dict[str, Callable[[Path], Path]]] = {
    "z-image": lambda folder: saved(z_image_pipeline(), folder),
    "flux": lambda folder: saved(flux_pipeline(), folder),
    "flux2": lambda folder: saved(flux2_pipeline(), folder),
}
"""What writes a folder, by the name of its family."""


def saved(pipe: Any, folder: Path) -> Path:
    pipe.save_pretrained(folder)
    return folder
