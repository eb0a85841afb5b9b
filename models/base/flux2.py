"""FLUX.2 [klein] (Black Forest Labs 2026): FLUX's streams under three layers of Qwen3, on patches of a VAE's latents that are
normalised by the statistics it keeps."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from models.base.family import Base, Conditioning, FlowSteps, Guidance
from models.base.flow import TOKENS, FlowFamily, even_levels
from models.errors import InputError
from models.language.translate import phrase
from models.lora.sites import DENOISER, TEXT, Part

if TYPE_CHECKING:
    import torch
    from torch import Tensor

DISTILLED = "is_distilled"
"""What an index states of a base that needs no guidance."""


class Flux2Klein(FlowFamily):
    """`models.base.family.BaseFamily` for FLUX.2 [klein], distilled or not. Its latents are the patches."""

    name = "flux2"
    title = "FLUX.2 [klein]"
    parts: tuple[Part, ...] = (DENOISER, TEXT)
    pipeline = "Flux2KleinPipeline"
    kohya_version = "flux2-klein"
    architecture = "flux-2-klein"

    def encode_one(self, base: Base, prompt: str) -> Conditioning:
        from diffusers import Flux2KleinPipeline

        encoder, tokenizer = base.text_encoders[TEXT], base.tokenizers[TEXT]
        self._refuse_long_turn(tokenizer, prompt, thinking=False)
        pipe = Flux2KleinPipeline(scheduler=None, vae=None, text_encoder=encoder, tokenizer=tokenizer, transformer=None)
        hidden, _ = pipe.encode_prompt(prompt, device=encoder.device, max_sequence_length=TOKENS)
        return Conditioning(hidden)

    def predict(self, denoiser: Callable[..., Any], latents: Tensor, time: Tensor, conditioning: Conditioning) -> Tensor:
        from diffusers import Flux2KleinPipeline

        hidden = conditioning.hidden
        rows, _, height, width = latents.shape
        predicted = denoiser(
            hidden_states=Flux2KleinPipeline._pack_latents(latents.to(hidden.dtype)),
            timestep=time.expand(rows).to(hidden.dtype) / 1000,
            guidance=None,
            encoder_hidden_states=hidden,
            txt_ids=_text_places(hidden.shape[1], hidden.device).expand(rows, -1, -1),
            img_ids=_places(height, width, hidden.device).expand(rows, -1, -1),
            return_dict=False,
        )[0]
        unpacked: Tensor = predicted.transpose(1, 2).reshape(rows, -1, height, width)
        return unpacked

    def latent_shape(self, base: Base, width: int, height: int) -> tuple[int, int, int]:
        return int(base.denoiser.config["in_channels"]), height // self.factor(base), width // self.factor(base)

    def decode(self, base: Base, latents: Tensor) -> Tensor:
        from diffusers import Flux2KleinPipeline

        mean, deviation = _statistics(base)
        cells = Flux2KleinPipeline._unpatchify_latents(latents.to(base.vae.dtype) * deviation + mean)
        pixels: Tensor = base.vae.decode(cells, return_dict=False)[0]
        return pixels

    def encode_pixels(self, base: Base, pixels: Tensor) -> tuple[Tensor, Tensor | None]:
        from diffusers import Flux2KleinPipeline

        found = base.vae.encode(pixels).latent_dist
        mean, deviation = _statistics(base)
        patches = [Flux2KleinPipeline._patchify_latents(one) for one in (found.mean, found.std)]
        return ((patches[0] - mean) / deviation).float().cpu(), (patches[1] / deviation).float().cpu()

    def guidance(self, base: Base) -> Guidance:
        return "none" if base.stated.get(DISTILLED) else "free"

    def flow_steps(self, base: Base, size: tuple[int, int], steps: int) -> FlowSteps | None:
        from diffusers.pipelines.flux2.pipeline_flux2_klein import compute_empirical_mu

        _, height, width = self.latent_shape(base, *size)
        return FlowSteps(even_levels(steps), compute_empirical_mu(image_seq_len=height * width, num_steps=steps))

    def check(self, pipe: Any, name: str) -> None:
        super().check(pipe, name)
        if pipe.transformer.config["guidance_embeds"]:
            what = phrase("a {family} folder whose transformer is told its guidance", family=self.title)
            raise InputError(what, name, "name the folder of FLUX.2 [klein] as it was published")


def _statistics(base: Base) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel of the patches: (1, C, 1, 1)."""
    norm, eps = base.vae.bn, base.vae.config["batch_norm_eps"]
    return norm.running_mean.view(1, -1, 1, 1), (norm.running_var.view(1, -1, 1, 1) + eps).sqrt()


@lru_cache(maxsize=8)
def _places(height: int, width: int, device: torch.device) -> Tensor:
    """Of patches in the picture, for the rotary embedding."""
    import torch
    from diffusers import Flux2KleinPipeline

    places: torch.Tensor = Flux2KleinPipeline._prepare_latent_ids(torch.empty(1, 1, height, width))
    return places.to(device)


@lru_cache(maxsize=8)
def _text_places(tokens: int, device: torch.device) -> Tensor:
    import torch
    from diffusers import Flux2KleinPipeline

    places: Tensor = Flux2KleinPipeline._prepare_text_ids(torch.empty(1, tokens, 1)).to(device)
    return places
