"""What SD1.5 and SDXL share: the VAE, the latent grid, and CLIP's tokenizers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from models.base.family import CONFIGS, Conditioning, FlowSteps, Guidance
from models.base.prompt.reading import Reading, equal_tokens, repeated
from models.lora.key_spellings import kohya_name
from models.lora.sites import Site

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import CLIPTokenizer

    from models.base.family import Base, Frame

VOCABULARY: Final = CONFIGS / "sd15" / "tokenizer"
"""CLIP's vocabulary: every text encoder of both families cuts text up by it."""
UNET_BLOCKS: Final = "model.diffusion_model.input_blocks."
"""How the denoiser's names begin in a single file of either family."""


class StableDiffusion:
    """A UNet on the scaled latents of a convolutional VAE (Rombach et al. 2022)."""

    denoiser_folder = "unet"
    single_files = True
    samplers: tuple[str, ...] | None = None

    def guidance(self, base: Base) -> Guidance:
        return "free"

    def flow_steps(self, base: Base, size: tuple[int, int], steps: int) -> FlowSteps | None:
        return None

    def factor(self, base: Base) -> int:
        return int(2 ** (len(base.vae.config["block_out_channels"]) - 1))

    def latent_shape(self, base: Base, width: int, height: int) -> tuple[int, int, int]:
        return int(base.denoiser.config["in_channels"]), height // base.factor, width // base.factor

    def decode(self, base: Base, latents: Tensor) -> Tensor:
        unscaled = latents / base.vae.config["scaling_factor"]
        pixels: Tensor = base.vae.decode(unscaled.to(base.vae.dtype), return_dict=False)[0]
        return pixels

    def picture_conditioning(self, base: Base, frames: Sequence[Frame]) -> Mapping[str, Tensor]:
        return {}

    def picture_step(self, base: Base) -> int:
        return base.factor

    def file_names(self, base: Base) -> Callable[[Site], str]:
        return kohya_name

    def encode_pixels(self, base: Base, pixels: Tensor) -> tuple[Tensor, Tensor | None]:
        scale = float(base.vae.config["scaling_factor"])
        encoded = base.vae.encode(pixels)
        if hasattr(encoded, "latent_dist"):
            return encoded.latent_dist.mean.float().cpu() * scale, encoded.latent_dist.std.float().cpu() * scale
        return encoded.latents.float().cpu() * scale, None


def read_clip_tokenizer(folder: Path) -> CLIPTokenizer:
    """The tokenizer that a config folder describes; where it has no vocabulary of its own, with CLIP's."""
    from transformers import CLIPTokenizer

    own = (folder / "vocab.json").is_file()
    # transformers 5 writes the special tokens into tokenizer_config.json alone.
    special = folder / "special_tokens_map.json"
    settings = json.loads(special.read_text(encoding="utf-8")) if special.is_file() else {}
    tokenizer: CLIPTokenizer = CLIPTokenizer.from_pretrained(
        str(folder if own else VOCABULARY), local_files_only=True, **settings
    )
    return tokenizer


def of_equal_length(
    negative: Conditioning, positive: Conditioning, reading: Reading, empty: Callable[[], Conditioning]
) -> tuple[Conditioning, Conditioning]:
    """Both at equally many tokens: repeated, which changes no picture, or where A1111 would pad with chunks of the `empty`
    prompt, padded."""
    import torch

    hidden = [negative.hidden, positive.hidden]
    if reading.padded:
        longest = max(one.shape[1] for one in hidden)
        missing = [longest - one.shape[1] for one in hidden]
        hidden = [
            torch.cat([one, repeated(empty().hidden, tokens)], dim=1) if tokens else one
            for one, tokens in zip(hidden, missing, strict=True)
        ]
    else:
        tokens = equal_tokens(*hidden)
        hidden = [repeated(one, tokens) for one in hidden]
    return Conditioning(hidden[0], negative.extra), Conditioning(hidden[1], positive.extra)


def vectors_of(embeddings: Any, part: str) -> dict[str, Tensor]:
    """The vectors that one text encoder reads, by name; textual inversions without any for it are left out."""
    return {name: embedding.vectors[part] for name, embedding in (embeddings or {}).items() if part in embedding.vectors}
