"""What of the order of arithmetic is part of a renderer's identity: where it has changed, images drawn before keep their keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

NUMERICAL_PATH: Final = "folded-3"
"""Part of every cache key: images of one study are all drawn by one order of arithmetic."""
ZERO_SNR: Final = "zsnr"
"""Added to it for bases with zero terminal SNR, which were once drawn at other noise levels."""
EXACT_LEVELS: Final = "exact"
"""Added where pictures are ComfyUI's, whose levels were once rounded as A1111's are."""
UNEVEN: Final = "uneven"
"""Added where prompt and negative prompt fill unequal chunks: the shorter one was once padded with empty ones."""
RESIZED: Final = "resized"
"""Added for sizes that the UNet's levels do not divide, which were once enlarged in diffusers' order."""
LCM_LEVELS: Final = "lcm"
"""Added for LCM at steps that do not fall on learnt levels, to which they were once rounded."""
ORDER: Final = "order"
"""The part of an identity that lists the LoRAs in their order, where a method that depends on it is among them."""


def numerical_path(variants: Mapping[str, bool]) -> str:
    """`variants` are names that are added where they are used."""
    return " ".join([NUMERICAL_PATH, *(name for name, used in variants.items() if used)])
