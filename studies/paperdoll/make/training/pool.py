"""The figures that the lab's scorers are trained on: everyday ones, products whole and in part, hands whole and broken."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from studies.paperdoll.world import palette
from studies.paperdoll.world.draw import draw
from studies.paperdoll.world.everyday import random_figure
from studies.paperdoll.world.figure import BROKEN_HANDS, Figure, Framing, Garment, HandState, Identity, Mark, Shoes
from studies.paperdoll.world.products import FEATURES, WORN, wear
from studies.paperdoll.world.wardrobe import pick

SIZE = (128, 192)
FRAMINGS: tuple[Framing, ...] = ("full body", "upper body", "face close-up", "clothing close-up", "shoes close-up")
SHARES = (0.68, 0.12, 0.08, 0.07, 0.05)


@dataclass(frozen=True)
class Pool:
    """`images` (N, 192, 128, 3) and `parts` (N, 192, 128) hold 0..255 and indices into draw.PARTS; the lists are as long."""

    figures: list[Figure]
    images: NDArray[np.uint8]
    parts: NDArray[np.uint8]
    keypoints: list[dict[str, tuple[float, float]]]


def some(names: tuple[str, ...], rng: np.random.Generator) -> frozenset[str]:
    """A random subset, the empty one as likely as all others together."""
    if rng.random() < 0.5:
        return frozenset()
    return frozenset(n for n in names if rng.random() < 0.5)


def varied_figure(rng: np.random.Generator, framing: Framing) -> Figure:
    """A figure that may wear products or parts of them, and whose hands are broken in half of all cases."""
    figure = random_figure(rng, framing)
    for kind in (Identity, Garment, Shoes):
        if rng.random() < 0.4:
            product = pick(rng, tuple(p for p, worn in WORN.items() if isinstance(worn, kind)))
            figure = wear(figure, product, without=some(FEATURES[product], rng))
    if rng.random() < 0.2:
        figure = replace(figure, identity=varied_identity(figure.identity, rng))
    feet = int(rng.choice((2, 2, 2, 2, 2, 2, 2, 2, 1, 3)))
    return replace(figure, pose=replace(figure.pose, hands=(_hand(rng), _hand(rng)), feet=feet))


def varied_identity(identity: Identity, rng: np.random.Generator) -> Identity:
    """The same person with marks thrown in at random, so that no mark implies another."""
    pins = (None, None, Mark("star", "yellow"), Mark("heart", "red"))
    return replace(
        identity,
        hair=pick(rng, (*palette.HAIR, *palette.RARE_HAIR)),
        glasses=bool(rng.random() < 0.3),
        blush=bool(rng.random() < 0.4),
        mole=bool(rng.random() < 0.4),
        freckles=bool(rng.random() < 0.4),
        pin=pick(rng, pins),
    )


def _hand(rng: np.random.Generator) -> HandState:
    return "whole" if rng.random() < 0.5 else pick(rng, BROKEN_HANDS)


def drawn_pool(count: int, seed: int, cache: Path | None = None) -> Pool:
    """`count` figures and their drawings, the same for the same seed; pictures are kept in `cache` if it is given."""
    rng = np.random.default_rng((40, seed))
    figures = [varied_figure(rng, FRAMINGS[int(rng.choice(len(FRAMINGS), p=SHARES))]) for _ in range(count)]
    file = cache / f"pool-{count}-{seed}.pt" if cache is not None else None
    if file is not None and file.exists():
        stored = torch.load(file, weights_only=True)
        return Pool(figures, stored["images"].numpy(), stored["parts"].numpy(), stored["keypoints"])
    drawings = [draw(f, SIZE, seed=i) for i, f in enumerate(figures)]
    images, parts = np.stack([np.asarray(d.image) for d in drawings]), np.stack([d.parts for d in drawings])
    keypoints = [{k: (float(x), float(y)) for k, (x, y) in d.keypoints.items()} for d in drawings]
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        torch.save({"images": torch.from_numpy(images), "parts": torch.from_numpy(parts), "keypoints": keypoints}, file)
    return Pool(figures, images, parts, keypoints)
