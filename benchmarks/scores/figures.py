"""Held-out figures of the lab, drawn and observed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np
from PIL import Image

from models.lora_kinds import ScoredKind
from scorers.observe.parser_observer import ParserObserver
from scorers.observe.references import References
from studies.observers.opening import open_observer
from studies.paperdoll.bundle import WEIGHTS, scorers
from studies.paperdoll.make.training.pool import Pool
from studies.paperdoll.world.draw import draw
from studies.paperdoll.world.everyday import random_figure
from studies.paperdoll.world.figure import Figure, HandState, Identity
from studies.paperdoll.world.products import Product, wear

SEED = 991
"""No training saw the figures of this seed."""


def lab_observer(*, simple: bool = False) -> ParserObserver:
    """The observer of the lab's models, as a study file would open it; `simple` as in `scorers`."""
    observer = open_observer(scorers(simple=simple), WEIGHTS)
    assert isinstance(observer, ParserObserver)
    return observer


def spread(seed: int) -> Figure:
    """A figure that stands and shows both hands."""
    figure = random_figure(np.random.default_rng((SEED, seed)))
    return replace(figure, pose=replace(figure.pose, arms="arms spread", sitting=False))


def see(observer: ParserObserver, figures: list[Figure]) -> list[Any]:
    return list(observer.observe([draw(f, seed=i).image for i, f in enumerate(figures)]))


def with_hand(figure: Figure, kind: HandState) -> Figure:
    return replace(figure, pose=replace(figure.pose, hands=(kind, "whole")))


def pool_of(figures: list[Figure]) -> Pool:
    drawn = [draw(figure, seed=i) for i, figure in enumerate(figures)]
    images, parts = np.stack([np.asarray(d.image) for d in drawn]), np.stack([d.parts for d in drawn])
    return Pool(figures, images, parts, [d.keypoints for d in drawn])


def side_by_side(left: Figure, right: Figure) -> Image.Image:
    """Two figures with their arms down in one picture."""
    images = [draw(replace(f, pose=replace(f.pose, arms="arms down"))).image for f in (left, right)]
    both = Image.new("RGB", images[0].size)
    for i, image in enumerate(images):
        both.paste(image.crop((32, 0, 96, image.height)), (64 * i, 0))
    return both


def with_hair(face: Identity, hair: Identity) -> Identity:
    return replace(face, hair=hair.hair, style=hair.style, pin=hair.pin)


def armless(figure: Figure) -> Image.Image:
    """The figure as drawn but for its arms and hands."""
    with mock.patch("studies.paperdoll.world.draw.draw_arms"):
        return draw(figure).image


def photos_of(observer: ParserObserver, product: Product, kind: ScoredKind) -> References:
    return observer.references_of([draw(wear(spread(5000 + i), product)).image for i in range(8)], kind)
