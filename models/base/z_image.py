"""Z-Image (Alibaba Tongyi 2025): one stream of text and picture under the last but one layer of Qwen3."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from models.base.family import Base, Conditioning, FlowSteps, Guidance
from models.base.flow import PATCH, FlowFamily, shift_by_size
from models.lora.sites import DENOISER, TEXT, Part

if TYPE_CHECKING:
    from torch import Tensor


class ZImage(FlowFamily):
    """`models.base.family.BaseFamily` for Z-Image and Z-Image-Turbo."""

    name = "z-image"
    title = "Z-Image"
    parts: tuple[Part, ...] = (DENOISER, TEXT)
    pipeline = "ZImagePipeline"
    kohya_version = "z-image"
    architecture = "z-image"

    def encode_one(self, base: Base, prompt: str) -> Conditioning:
        from diffusers import ZImagePipeline

        encoder, tokenizer = base.text_encoders[TEXT], base.tokenizers[TEXT]
        self._refuse_long_turn(tokenizer, prompt, thinking=True)
        pipe = ZImagePipeline(scheduler=None, vae=None, text_encoder=encoder, tokenizer=tokenizer, transformer=None)
        (hidden,), _ = pipe.encode_prompt(prompt, device=encoder.device, do_classifier_free_guidance=False)
        return Conditioning(hidden[None], {}, (len(hidden),))

    def predict(self, denoiser: Callable[..., Any], latents: Tensor, time: Tensor, conditioning: Conditioning) -> Tensor:
        """The transformer counts time from noise to picture, and points that way."""
        import torch

        hidden, rows = conditioning.hidden, len(latents)
        texts = [row[:length] for row, length in zip(hidden, conditioning.lengths, strict=True)]
        pictures = list(latents.to(hidden.dtype).unsqueeze(2).unbind())
        found = denoiser(pictures, (1000 - time.expand(rows)) / 1000, texts, return_dict=False)[0]
        return -torch.stack(found).squeeze(2)

    def guidance(self, base: Base) -> Guidance:
        return "free"

    def flow_steps(self, base: Base, size: tuple[int, int], steps: int) -> FlowSteps | None:
        from diffusers.pipelines.z_image.pipeline_z_image import calculate_shift, get_default_z_image_sigmas

        _, height, width = self.latent_shape(base, *size)
        return FlowSteps(get_default_z_image_sigmas(steps), shift_by_size(calculate_shift, base, height * width // PATCH**2))
