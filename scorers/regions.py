"""Plugged-in scorers of one LoRA's region: what they are given, and their scores.

An entry point of the group `huanhua.scorers` names one as it names a scorer of whole images (scorers.plugins); study.yaml
names the LoRAs that it looks at. scorers/testing/conformance.py checks one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.boxes import PixelBox
from models.lora_kinds import ScoredKind
from scorers.observe.crops import masked_crop


@dataclass(frozen=True)
class RegionPicture:
    """A picture, and where the thing that a LoRA shows is in it."""

    image: Image.Image
    """The whole picture in RGB."""
    mask: NDArray[np.bool_]
    """True on the thing, in the image's height and width; all of the box where no part parser found it."""
    box: PixelBox
    """Around the thing."""

    def crop(self) -> Image.Image:
        """A square around the thing, neutral grey elsewhere: what garments are compared by."""
        return masked_crop(self.image, self.mask, self.box)


class RegionScorer(Protocol):
    """Scores the region of one LoRA. Observers call it once for each LoRA and batch of new images."""

    def score_regions(self, regions: Sequence[RegionPicture], references: Sequence[RegionPicture]) -> Sequence[float]:
        """For each region a number in [0, 1]: 1 is as wanted. The same for a region alone or among others.

        `references` are the LoRA's reference pictures that show the thing, at least one.
        """


@dataclass(frozen=True)
class RegionDuty:
    """A region scorer, and the LoRA that it looks at."""

    scorer: RegionScorer
    kind: ScoredKind
    photos: tuple[Image.Image, ...]
    """The LoRA's reference pictures, in RGB."""


def region_scores(
    scorer: RegionScorer, found: Sequence[RegionPicture | None], references: Sequence[RegionPicture]
) -> list[float | None]:
    """One an image: 0 where the thing is absent, None where the scorer raised, or gave no number in [0, 1]."""
    shown = [region for region in found if region is not None]
    scores = iter(_all(scorer, shown, references))
    return [0.0 if region is None else next(scores) for region in found]


def with_region_scores(
    whole: Sequence[Mapping[str, float | None]], by_name: Mapping[str, Sequence[float | None]]
) -> list[dict[str, float | None]]:
    """The scores of whole images, one mapping an image, joined with those of regions."""
    return [{**scores, **{name: values[i] for name, values in by_name.items()}} for i, scores in enumerate(whole)]


def _all(scorer: RegionScorer, regions: Sequence[RegionPicture], references: Sequence[RegionPicture]) -> list[float | None]:
    try:
        values = list(scorer.score_regions(regions, references)) if regions else []
        if len(values) == len(regions):
            return [_checked(value) for value in values]
    except Exception:  # a stranger's code: one region that it fails on must not cost the others their scores
        if len(regions) == 1:
            return [None]
    return [_all(scorer, [region], references)[0] for region in regions] if len(regions) > 1 else [None]


def _checked(value: float) -> float | None:
    number = float(value)
    return round(number, 5) if math.isfinite(number) and 0 <= number <= 1 else None
