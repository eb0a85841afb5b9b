"""A base small enough to be trained in a test: random weights, 8-pixel latent cells no smaller than need be."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import torch
from diffusers import AutoencoderKL, AutoencoderTiny

from models.base.family import Base
from models.base.sd15 import SD15
from models.lora.sites import DENOISER, TEXT
from models.testing.tiny import tiny_text_encoder, tiny_unet


class WordTokenizer:
    """Hashes each word to a token; the interface of CLIPTokenizer as far as training uses it."""

    bos_token_id, eos_token_id, pad_token_id, unk_token_id = 597, 599, 599, 598

    def __call__(self, texts: str | Sequence[str], **_: Any) -> SimpleNamespace:
        ids = [[zlib.crc32(w.encode()) % 590 for w in text.split()] for text in ([texts] if isinstance(texts, str) else texts)]
        return SimpleNamespace(input_ids=ids[0] if isinstance(texts, str) else ids)

    def convert_tokens_to_ids(self, token: str) -> int:
        """A comma is part of the word before it."""
        return self.unk_token_id


def tiny_base(*, variational: bool = False, prediction: str = "v_prediction") -> Base:
    torch.manual_seed(7)
    vae: Any
    if variational:
        vae = AutoencoderKL(
            block_out_channels=(4, 4), down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
            norm_num_groups=2, latent_channels=4,
        )  # fmt: skip
    else:
        vae = AutoencoderTiny(
            encoder_block_out_channels=(4, 4), decoder_block_out_channels=(4, 4), num_encoder_blocks=(1, 1),
            num_decoder_blocks=(1, 1), latent_channels=4,
        )  # fmt: skip
    schedule = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "prediction_type": prediction}
    modules = {DENOISER: tiny_unet(), TEXT: tiny_text_encoder()}
    return Base(SD15(), modules, {TEXT: WordTokenizer()}, vae.requires_grad_(False).eval(), schedule, "tiny", "0" * 64)
