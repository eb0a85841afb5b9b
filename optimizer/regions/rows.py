"""What an image with regions is predicted by: one row of the denoiser's batch for each set of LoRAs that acts somewhere.

Where regions overlap all their LoRAs act, at their full weights: the image is parted into pieces in which the same LoRAs act,
however many regions they come from. A piece's share of a latent cell is its share of the cell's pixels, feathered over a cell
to each side. Pieces part the image, and averaging keeps sums, so that the shares of a cell are 1 together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

    from models.base.family import Conditioning
    from optimizer.regions.regions import Mask, Regions
    from optimizer.render.denoise import Predict

FEATHERINGS: Final = 1
"""Passes of the binomial kernel (1, 2, 1) / 4 along both axes."""
LEAST_SHARE: Final = 0.05
"""A piece that nowhere has a larger share of a cell is left to the others there: it would cost a row and change nothing."""


@dataclass(frozen=True)
class Row:
    """One prediction of an image."""

    weights: Mapping[str, float]
    """Of the LoRAs that act in it; the others are at 0."""
    share: NDArray[np.float32] | None
    """(h, w) of the latents, in [0, 1]: how much of a cell's prediction is this row's. None where it is the only one."""
    words: str = ""
    """What it reads after the prompt."""


def rows_of(weights: Mapping[str, float], regions: Regions | None, cells: tuple[int, int]) -> list[Row]:
    """The rows of an image with these weights, whose latents are `cells` (h, w) large; their shares are 1 together everywhere.

    One row without shares, as without regions, where the same LoRAs act everywhere. Masks must be a whole multiple of `cells`.
    """
    masks = {} if regions is None else {name: mask for name, mask in regions.masks.items() if weights.get(name)}
    words = {} if regions is None else {_place_of(name): found for name, found in regions.words.items()}
    pieces = _pieces({**masks, **{place: found.place for place, found in words.items()}})
    texts = {place: found.text for place, found in words.items()}
    shares = {acting: _feathered(_by_area(piece, cells)) for acting, piece in pieces.items()} if len(pieces) > 1 else {}
    kept = {acting: share for acting, share in shares.items() if share.max() > LEAST_SHARE}
    if len(kept) < 2:
        acting = next(iter(kept or pieces), frozenset())
        return [Row(_acting(weights, masks, acting), None, _read(texts, acting))]
    together = sum(kept.values())
    return [
        Row(_acting(weights, masks, acting), (share / together).astype(np.float32), _read(texts, acting))
        for acting, share in kept.items()
    ]


def _place_of(figure: str) -> str:
    """What a figure's place is called among the names of LoRAs, none of which holds a colon."""
    return f"words:{figure}"


def _read(texts: Mapping[str, str], acting: frozenset[str]) -> str:
    return ", ".join(text for place, text in texts.items() if place in acting)


def _acting(weights: Mapping[str, float], masks: Mapping[str, Mask], acting: frozenset[str]) -> dict[str, float]:
    return {name: weight for name, weight in weights.items() if name not in masks or name in acting}


def _pieces(masks: Mapping[str, Mask]) -> dict[frozenset[str], Mask]:
    """By the regional LoRAs that act there and the places whose words are read, the pixels; no piece is empty. What lies in no
    region comes first."""
    if not masks:
        return {frozenset(): np.ones((1, 1), np.bool_)}
    names = sorted(masks)
    codes = sum(masks[name].astype(np.uint64) << np.uint64(i) for i, name in enumerate(names))
    return {
        frozenset(name for i, name in enumerate(names) if int(code) >> i & 1): np.asarray(codes == code)
        for code in np.unique(codes)
    }


def _by_area(piece: Mask, cells: tuple[int, int]) -> NDArray[np.float64]:
    """The share of each cell's pixels."""
    (height, width), (h, w) = piece.shape, cells
    if height % h or width % w:
        raise ValueError(f"a mask of {width}x{height} does not fit {w}x{h} cells")
    shares: NDArray[np.float64] = piece.reshape(h, height // h, w, width // w).mean(axis=(1, 3))
    return shares


def _feathered(share: NDArray[np.float64]) -> NDArray[np.float64]:
    for _ in range(FEATHERINGS):
        for axis in (0, 1):
            ends = [(1, 1) if axis == at else (0, 0) for at in (0, 1)]
            padded = np.pad(share, ends, mode="edge")
            size = share.shape[axis]
            before, here, after = (np.take(padded, range(k, k + size), axis) for k in range(3))
            share = (before + 2 * here + after) / 4
    return share


def shares_of(images: list[list[Row]], like: Tensor) -> Tensor | None:
    """(images, rows, h, w) on the device of `like`, in float32; None where images have one row each. All have equally many."""
    import torch

    if len(images[0]) == 1:
        return None
    stacked = np.stack([np.stack([row.share for row in rows if row.share is not None]) for rows in images])
    return torch.from_numpy(stacked).to(like.device)


def blended(predict: Predict, conditioning: Conditioning, shares: Tensor) -> Predict:
    """A `predict` of one row where the denoiser predicts one for each region: its rows hold the images' latents, guided or not,
    and what they are told is `conditioning`, of all regions' rows: those of one image together, of one region next to each other.
    """

    def of_image(latents: Tensor, time: Tensor, _: Conditioning) -> Tensor:
        images, regions = shares.shape[:2]
        of_each = latents.reshape(images, -1, *latents.shape[1:])
        every = of_each.unsqueeze(1).expand(-1, regions, *of_each.shape[1:])
        predicted = predict(every.flatten(0, 2), time, conditioning).float()
        of_regions = predicted.reshape(images, regions, -1, *predicted.shape[1:])
        return (of_regions * shares[:, :, None, None]).sum(1).flatten(0, 1)

    return of_image
