"""What every plugged-in scorer must guarantee, as a list of faults; empty for one that conforms."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from PIL import Image

from scorers.plugins import ImageScorer

SAME: Final = 0.02
"""By how much a batch may differ from its images alone: models round differently in batches."""
SIZES: Final = ((1, 1), (3, 200), (64, 96), (128, 192))


def faults_of(scorer: ImageScorer, better: Sequence[Image.Image], worse: Sequence[Image.Image]) -> list[str]:
    """The faults of a scorer, in words. It must score `better` images above `worse` ones on average."""
    return [*_odd(scorer), *_direction(scorer, better, worse), *_batches(scorer, [*better, *worse])]


def odd_images() -> Iterator[Image.Image]:
    """Noise, black, grey, white and see-through pictures, down to one pixel."""
    rng = np.random.default_rng(0)
    for size in SIZES:
        yield Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))
        for colour in ((0, 0, 0), (127, 127, 127), (255, 255, 255)):
            yield Image.new("RGB", size, colour)
        yield Image.new("L", size, 90)
        yield Image.new("RGBA", size, (200, 30, 90, 60))


def _odd(scorer: ImageScorer) -> Iterator[str]:
    for image in odd_images():
        what = f"a {image.mode} picture of {image.width}x{image.height}"
        try:
            (value,) = scorer.score([image])
        except Exception as error:  # a stranger's code
            yield f"{what}: {type(error).__name__}: {error}"
            continue
        if not (math.isfinite(value) and 0 <= value <= 1):
            yield f"{what}: {value} is not in [0, 1]"
    if len(scorer.score([])) != 0:
        yield "no images: not an empty list"


def _direction(scorer: ImageScorer, better: Sequence[Image.Image], worse: Sequence[Image.Image]) -> Iterator[str]:
    good, bad = float(np.mean(scorer.score(better))), float(np.mean(scorer.score(worse)))
    if not good > bad:
        yield f"better images score {good:.3f}, worse ones {bad:.3f}"


def _batches(scorer: ImageScorer, images: Sequence[Image.Image]) -> Iterator[str]:
    together = np.array(scorer.score(images))
    alone = np.array([scorer.score([image])[0] for image in images])
    if not np.allclose(together, alone, atol=SAME):
        yield f"a batch differs from its images alone by {np.abs(together - alone).max():.3f}"
    if not np.allclose(together, np.array(scorer.score(images[::-1]))[::-1], atol=SAME):
        yield "the order of the images matters"
