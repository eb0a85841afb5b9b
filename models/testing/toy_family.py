"""A third base family, small enough to read: bytes for tokens, a denoiser of two layers, pixels rearranged for latents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.base.family import Base, Conditioning, FlowSteps, Frame, Guidance
from models.base.prompt.reading import A1111, Reading
from models.lora.key_spellings import kohya_name
from models.lora.sites import DENOISER, TEXT, Part, Site

if TYPE_CHECKING:
    from models.base.textual_inversion import Embedding

LENGTH: Final = 16
"""Tokens of every prompt."""
WIDTH: Final = 8
CELL: Final = 2
"""Pixels that a latent cell is wide."""
CHANNELS: Final = 3 * CELL * CELL
SCHEDULE: Final = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "epsilon",
}


class ToyDenoiser(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.latents = nn.Conv2d(CHANNELS, CHANNELS, 1)
        self.text = nn.Linear(WIDTH, CHANNELS)

    @property
    def dtype(self) -> torch.dtype:
        return self.text.weight.dtype

    @property
    def device(self) -> torch.device:
        return self.text.weight.device

    def forward(self, latents: Tensor, hidden: Tensor, strength: Tensor) -> Tensor:
        words: Tensor = self.text(hidden).mean(1) * strength
        mixed: Tensor = self.latents(latents)
        return mixed + words[:, :, None, None]


class ToyEncoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(256, WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)

    def get_input_embeddings(self) -> nn.Embedding:
        return self.tokens

    def forward(self, ids: Tensor) -> Tensor:
        hidden: Tensor = self.out(self.tokens(ids))
        return hidden


class ToyVae(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(2.0))

    @property
    def dtype(self) -> torch.dtype:
        return self.scale.dtype

    def enable_tiling(self) -> None:
        """It works pixel by pixel."""


class ToyFamily:
    """`models.base.family.BaseFamily`."""

    name = "toy"
    title = "Toy"
    parts: tuple[Part, ...] = (DENOISER, TEXT)
    pipeline = "ToyPipeline"
    pipeline_options: Mapping[str, Any] = {}
    denoiser_folder = "denoiser"
    kohya_version = "toy_v1"
    architecture = "toy"
    honours_clip_skip = False
    trainable = True
    size_step = CELL
    single_files = True
    samplers: tuple[str, ...] | None = None

    def recognises(self, shapes: Mapping[str, tuple[int, ...]]) -> bool:
        return any(name.startswith("toy.") for name in shapes)

    def read_tokenizers(self, folder: Path) -> dict[str, Any]:
        return {}

    def check(self, pipe: Any, name: str) -> None:
        """Its pipeline class is enough."""

    def pieces(self, pipe: Any) -> tuple[dict[Part, nn.Module], dict[Part, Any]]:
        return {DENOISER: pipe.denoiser, TEXT: pipe.encoder}, {}

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
        return self.encode_captions(base, [negative]), self.encode_captions(base, [prompt])

    def predict(self, denoiser: Callable[..., Any], latents: Tensor, time: Tensor, conditioning: Conditioning) -> Tensor:
        hidden = conditioning.hidden
        predicted: Tensor = denoiser(latents.to(hidden.dtype), hidden, conditioning.extra["strength"])
        return predicted

    def decode(self, base: Base, latents: Tensor) -> Tensor:
        return functional.pixel_shuffle(latents.to(base.vae.dtype) / base.vae.scale, CELL)

    def guidance(self, base: Base) -> Guidance:
        return "free"

    def flow_steps(self, base: Base, size: tuple[int, int], steps: int) -> FlowSteps | None:
        return None

    def vae_overflows(self, base: Base) -> bool:
        return False

    def factor(self, base: Base) -> int:
        return CELL

    def latent_shape(self, base: Base, width: int, height: int) -> tuple[int, int, int]:
        return CHANNELS, height // CELL, width // CELL

    def encode_captions(self, base: Base, captions: Sequence[str]) -> Conditioning:
        rows = [list(caption.encode()[:LENGTH].ljust(LENGTH)) for caption in captions]
        hidden: Tensor = base.text_encoders[TEXT](torch.tensor(rows, device=base.device))
        return Conditioning(hidden, {"strength": hidden.new_ones(len(rows), 1)})

    def picture_conditioning(self, base: Base, frames: Sequence[Frame]) -> Mapping[str, Tensor]:
        return {}

    def picture_step(self, base: Base) -> int:
        return CELL

    def file_names(self, base: Base) -> Callable[[Site], str]:
        return kohya_name

    def encode_pixels(self, base: Base, pixels: Tensor) -> tuple[Tensor, Tensor | None]:
        return (functional.pixel_unshuffle(pixels, CELL) * base.vae.scale).float().cpu(), None


def toy_base(seed: int = 0) -> Base:
    torch.manual_seed(seed)
    modules = {DENOISER: ToyDenoiser(), TEXT: ToyEncoder()}
    for module in modules.values():
        module.requires_grad_(False).eval()
    return Base(ToyFamily(), modules, {}, ToyVae().requires_grad_(False), dict(SCHEDULE), "toy", "toy")
