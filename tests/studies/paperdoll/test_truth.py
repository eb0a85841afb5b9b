"""The world's own yardstick, on drawn figures whose features are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from studies.paperdoll.world.draw import draw
from studies.paperdoll.world.everyday import random_figure
from studies.paperdoll.world.figure import Figure
from studies.paperdoll.world.products import FEATURES, Product, wear
from studies.paperdoll.world.truth import features_shown, product_share


def standing(figure: Figure) -> Figure:
    return replace(figure, pose=replace(figure.pose, sitting=False))


FIGURES = [standing(random_figure(np.random.default_rng(seed))) for seed in range(40)]
ALL = [feature for names in FEATURES.values() for feature in names]


def product_of(feature: str) -> Product:
    return next(p for p, names in FEATURES.items() if feature in names)


def share(figures: list[Figure], feature: str) -> float:
    return float(np.mean([features_shown(draw(f).image)[feature] for f in figures]))


@pytest.mark.parametrize("feature", ALL)
def test_worn_products_show_their_features(feature: str) -> None:
    assert share([wear(f, product_of(feature)) for f in FIGURES], feature) >= 0.85


@pytest.mark.parametrize("feature", [f for f in ALL if f != "freckles"])
def test_a_feature_left_out_of_a_product_is_missed(feature: str) -> None:
    bare = [wear(f, product_of(feature), without=frozenset([feature])) for f in FIGURES]
    assert share(bare, feature) <= 0.15


def test_everyday_figures_show_little_of_any_product() -> None:
    shown = [features_shown(draw(f).image) for f in FIGURES]
    for product in FEATURES:
        assert np.mean([product_share(s, product) for s in shown]) < 0.2


def test_an_empty_picture_shows_nothing() -> None:
    from PIL import Image

    assert not any(features_shown(Image.new("RGB", (128, 192), "white")).values())
