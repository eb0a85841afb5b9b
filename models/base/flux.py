"""FLUX.1 (Black Forest Labs 2024): two streams of text and picture, then one, under T5 and CLIP's pooled state."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from models.base.family import GUIDANCE, Base, Conditioning, FlowSteps, Guidance
from models.base.flow import PATCH, TOKENS, FlowFamily, even_levels, shift_by_size
from models.lora.sites import DENOISER, TEXT, TEXT_2, Part

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

POOLED = "pooled_projections"
"""The name of the extra conditioning, which is the transformer's."""


class Flux(FlowFamily):
    """`models.base.family.BaseFamily` for FLUX.1 [dev], its finetunes such as Krea, and [schnell]."""

    name = "flux"
    title = "FLUX.1"
    parts: tuple[Part, ...] = (DENOISER, TEXT, TEXT_2)
    pipeline = "FluxPipeline"
    kohya_version = "flux1"
    architecture = "flux-1-dev"

    def pieces(self, pipe: Any) -> tuple[dict[Part, nn.Module], dict[Part, Any]]:
        modules = {DENOISER: pipe.transformer, TEXT: pipe.text_encoder, TEXT_2: pipe.text_encoder_2}
        return modules, {TEXT: pipe.tokenizer, TEXT_2: pipe.tokenizer_2}

    def encode_one(self, base: Base, prompt: str) -> Conditioning:
        """CLIP's pooled state reads the first 77 tokens, as everywhere."""
        from diffusers import FluxPipeline

        encoders, tokenizers = base.text_encoders, base.tokenizers
        self._refuse_long(tokenizers[TEXT_2], prompt)
        pipe = FluxPipeline(
            scheduler=None, vae=None, text_encoder=encoders[TEXT], tokenizer=tokenizers[TEXT],
            text_encoder_2=encoders[TEXT_2], tokenizer_2=tokenizers[TEXT_2], transformer=None,
        )  # fmt: skip
        device = encoders[TEXT_2].device
        hidden, pooled, _ = pipe.encode_prompt(prompt, prompt_2=None, device=device, max_sequence_length=TOKENS)
        return Conditioning(hidden, {POOLED: pooled})

    def predict(self, denoiser: Callable[..., Any], latents: Tensor, time: Tensor, conditioning: Conditioning) -> Tensor:
        from diffusers import FluxPipeline

        hidden, extra = conditioning.hidden, conditioning.extra
        rows, _, height, width = latents.shape
        packed = FluxPipeline._pack_latents(latents.to(hidden.dtype), *latents.shape)
        predicted = denoiser(
            hidden_states=packed,
            timestep=time.expand(rows).to(hidden.dtype) / 1000,
            guidance=extra.get(GUIDANCE),
            pooled_projections=extra[POOLED],
            encoder_hidden_states=hidden,
            txt_ids=hidden.new_zeros(hidden.shape[1], 3),
            img_ids=_places(height // PATCH, width // PATCH, hidden.device, hidden.dtype),
            return_dict=False,
        )[0]
        unpacked: Tensor = FluxPipeline._unpack_latents(predicted, height, width, 1)
        return unpacked

    def guidance(self, base: Base) -> Guidance:
        """[dev] is told it; [schnell], which is drawn at 1, can be guided by a second prediction."""
        return "told" if base.denoiser.config["guidance_embeds"] else "free"

    def flow_steps(self, base: Base, size: tuple[int, int], steps: int) -> FlowSteps | None:
        from diffusers.pipelines.flux.pipeline_flux import calculate_shift

        _, height, width = self.latent_shape(base, *size)
        return FlowSteps(even_levels(steps), shift_by_size(calculate_shift, base, height * width // PATCH**2))


@lru_cache(maxsize=8)
def _places(height: int, width: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Of patches in the picture, for the rotary embedding."""
    from diffusers import FluxPipeline

    places: Tensor = FluxPipeline._prepare_latent_image_ids(1, height, width, device, dtype)
    return places
