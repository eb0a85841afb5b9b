"""Stable Diffusion 1.x: a UNet under the hidden states of one CLIP text encoder (Rombach et al. 2022)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from models.base.family import Base, Conditioning
from models.base.prompt.captions import encode_plain
from models.base.prompt.encoding import encode_prompt
from models.base.prompt.reading import A1111, Reading
from models.base.prompt.schedules import refuse_unread
from models.base.stable_diffusion import (
    UNET_BLOCKS,
    StableDiffusion,
    of_equal_length,
    read_clip_tokenizer,
    vectors_of,
)
from models.errors import InputError
from models.lora.sites import DENOISER, TEXT, Part

if TYPE_CHECKING:
    from torch import Tensor, nn

    from models.base.textual_inversion import Embedding

SD2_WIDTH: Final = 1024
"""Of the text that Stable Diffusion 2's cross-attention reads: its folders name the same pipeline class."""


class SD15(StableDiffusion):
    """`models.base.family.BaseFamily` for SD 1.x, v-prediction models among them."""

    name = "sd15"
    title = "SD1.5"
    parts: tuple[Part, ...] = (DENOISER, TEXT)
    pipeline = "StableDiffusionPipeline"
    pipeline_options: Mapping[str, Any] = MappingProxyType({"safety_checker": None, "requires_safety_checker": False})
    kohya_version = "sd_v1"
    architecture = "stable-diffusion-v1"
    honours_clip_skip = True
    trainable = True
    size_step = 64

    def recognises(self, shapes: Mapping[str, tuple[int, ...]]) -> bool:
        return all(any(name.startswith(p) for name in shapes) for p in (UNET_BLOCKS, "cond_stage_model.transformer."))

    def read_tokenizers(self, folder: Path) -> dict[str, Any]:
        return {"tokenizer": read_clip_tokenizer(folder / "tokenizer")}

    def check(self, pipe: Any, name: str) -> None:
        if pipe.unet.config["cross_attention_dim"] == SD2_WIDTH:
            raise InputError("a diffusers folder of Stable Diffusion 2", name, "name an SD1.5 or SDXL base")

    def pieces(self, pipe: Any) -> tuple[dict[Part, nn.Module], dict[Part, Any]]:
        return {DENOISER: pipe.unet, TEXT: pipe.text_encoder}, {TEXT: pipe.tokenizer}

    def encode(
        self,
        base: Base,
        prompt: str,
        negative: str,
        *,
        size: tuple[int, int],
        clip_skip: int = 1,
        embeddings: Mapping[str, Embedding] | None = None,
        reading: Reading = A1111,
    ) -> tuple[Conditioning, Conditioning]:
        tokenizer, encoder = base.tokenizers[TEXT], base.text_encoders[TEXT]
        vectors, program = vectors_of(embeddings, TEXT), reading.program

        def encoded(text: str) -> Conditioning:
            return Conditioning(encode_prompt(tokenizer, encoder, text, clip_skip=clip_skip, embeddings=vectors, program=program))

        refuse_unread(prompt, negative, reading)
        return of_equal_length(encoded(negative), encoded(prompt), reading, lambda: encoded(""))

    def predict(self, denoiser: Callable[..., Any], latents: Tensor, time: Tensor, conditioning: Conditioning) -> Tensor:
        hidden = conditioning.hidden
        predicted: Tensor = denoiser(latents.to(hidden.dtype), time, hidden, return_dict=False)[0]
        return predicted

    def vae_overflows(self, base: Base) -> bool:
        return False

    def encode_captions(self, base: Base, captions: Sequence[str]) -> Conditioning:
        return Conditioning(encode_plain(base.tokenizers[TEXT], base.text_encoders[TEXT], captions))
