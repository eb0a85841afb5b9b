"""Latents to pictures: rounding, NaN, and the float32 VAE that is tried once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from models.base.family import Base
from models.base.sd15 import SD15
from models.base.sdxl import SDXL
from optimizer.render.decode import NotDrawn, decode

LATENTS = torch.zeros(4, 2, 3)


class Vae(nn.Module):
    """Paints one grey; in float16 it overflows if told to."""

    def __init__(self, dtype: torch.dtype, *, overflows: bool = False, always: bool = False) -> None:
        super().__init__()
        self.level = nn.Parameter(torch.tensor(0.5, dtype=dtype), requires_grad=False)
        self.overflows, self.always = overflows, always
        self.config = {"scaling_factor": 2.0, "force_upcast": True}
        self.seen: list[torch.dtype] = []

    @property
    def dtype(self) -> torch.dtype:
        return self.level.dtype

    def decode(self, x: Tensor, return_dict: bool) -> tuple[Tensor]:
        assert not return_dict
        assert x.dtype == self.dtype
        self.seen.append(self.dtype)
        bad = self.always or (self.overflows and self.dtype == torch.float16)
        return (torch.full((1, 3, 16, 24), float("nan") if bad else float(self.level), dtype=self.dtype),)


def base(vae: Vae) -> Base:
    return Base(SD15(), {}, {}, vae, {}, "base", "0" * 64)


def test_pixels_are_rounded_to_the_nearest_level() -> None:
    image = decode(base(Vae(torch.float32)), LATENTS)
    assert isinstance(image, Image.Image)
    assert image.size == (24, 16)
    assert np.unique(np.asarray(image)).tolist() == [round(0.75 * 255)]


def test_a_half_precision_vae_that_gives_nan_is_tried_once_in_float32_and_is_half_precision_again() -> None:
    vae = Vae(torch.float16, overflows=True)
    assert isinstance(decode(base(vae), LATENTS), Image.Image)
    assert vae.seen == [torch.float16, torch.float32]
    assert vae.dtype == torch.float16


def test_a_vae_that_is_known_to_overflow_is_not_tried_in_float16() -> None:
    vae = Vae(torch.float16)
    assert isinstance(decode(replace(base(vae), family=SDXL()), LATENTS), Image.Image)
    assert vae.seen == [torch.float32]


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_nan_from_the_vae_or_the_unet_is_a_result(dtype: torch.dtype) -> None:
    assert decode(base(Vae(dtype, always=True)), LATENTS) == NotDrawn("the VAE gave NaN")
    assert decode(base(Vae(dtype)), torch.full((4, 2, 3), float("inf"))) == NotDrawn("the UNet gave NaN")
