"""What every plugged-in scorer must guarantee, of images or of regions, as a list of faults; empty for one that conforms."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from models.boxes import PixelBox
from scorers.plugins import ImageScorer
from scorers.regions import RegionPicture, RegionScorer

SAME: Final = 0.02
"""By how much a batch may differ from its images alone: models round differently in batches."""
SIZES: Final = ((1, 1), (3, 200), (64, 96), (128, 192))


def faults_of(scorer: ImageScorer, better: Sequence[Image.Image], worse: Sequence[Image.Image]) -> list[str]:
    """The faults of a scorer, in words. It must score `better` images above `worse` ones on average."""
    return [*_odd(scorer), *_direction(scorer, better, worse), *_batches(scorer, [*better, *worse])]


def region_faults_of(
    scorer: RegionScorer, better: Sequence[Image.Image], worse: Sequence[Image.Image], references: Sequence[Image.Image]
) -> list[str]:
    """The same of a scorer of regions; the thing fills the pictures, but for a rim."""
    if not len(references):
        return ["no reference picture was given"]
    return faults_of(_OfRegions(scorer, tuple(whole_region(image) for image in references)), better, worse)


def whole_region(image: Image.Image) -> RegionPicture:
    """A picture that the thing fills but for a rim, as observers give it."""
    rgb = image.convert("RGB")
    across, down = rgb.width // 8, rgb.height // 8
    mask = np.zeros((rgb.height, rgb.width), np.bool_)
    mask[down : rgb.height - down, across : rgb.width - across] = True
    return RegionPicture(rgb, mask, PixelBox(across, down, rgb.width - across, rgb.height - down))


@dataclass(frozen=True)
class _OfRegions:
    """A scorer of regions as one of whole images."""

    scorer: RegionScorer
    references: tuple[RegionPicture, ...]

    def score(self, images: Sequence[Image.Image]) -> Sequence[float]:
        return self.scorer.score_regions([whole_region(image) for image in images], self.references)


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
