"""The paper-doll world: drawn pictures agree with the truth that is drawn with them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.paperdoll.world import palette
from studies.paperdoll.world.captions import Wording, caption, tags
from studies.paperdoll.world.draw import WINDOWS, draw
from studies.paperdoll.world.everyday import random_figure
from studies.paperdoll.world.figure import BROKEN_HANDS, HIDDEN, Arms
from studies.paperdoll.world.pen import PART
from studies.paperdoll.world.products import FEATURES, WORN, wear
from studies.paperdoll.world.wardrobe import RESERVED

framings = st.sampled_from(sorted(WINDOWS))


@given(st.integers(0, 10_000), framings)
@settings(max_examples=25, deadline=None)
def test_a_figure_is_drawn_alike_every_time_and_its_parts_fit_the_picture(seed: int, framing: str) -> None:
    figure = random_figure(np.random.default_rng(seed), framing)  # type: ignore[arg-type]
    first, second = draw(figure), draw(figure)
    assert np.array_equal(np.asarray(first.image), np.asarray(second.image))
    assert first.parts.shape == (192, 128)
    assert set(np.unique(first.parts)) <= set(PART.values())


@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_a_full_body_has_two_hands_two_feet_and_a_head(seed: int) -> None:
    """Legs may all be under a coat and in boots."""
    figure = random_figure(np.random.default_rng(seed))
    drawing = draw(replace(figure, pose=replace(figure.pose, arms="arms spread")))
    for part in ("face", "hair", "hands", "feet"):
        assert (drawing.parts == PART[part]).sum() > 20, part
    assert len(drawing.hand_boxes) == 2
    assert {"left_wrist", "right_wrist", "left_foot", "right_foot", "nose"} <= set(drawing.keypoints)


@pytest.mark.parametrize("arms", sorted(HIDDEN))
def test_hidden_hands_are_not_drawn(arms: Arms) -> None:
    figure = random_figure(np.random.default_rng(5))
    drawing = draw(replace(figure, pose=replace(figure.pose, arms=arms)))
    assert drawing.hand_boxes == []
    assert not (drawing.parts == PART["hands"]).any()


@given(st.integers(0, 10_000))
@settings(max_examples=200, deadline=None)
def test_no_everyday_figure_wears_a_product(seed: int) -> None:
    figure = random_figure(np.random.default_rng(seed))
    dressed = {figure.identity, figure.garment, figure.shoes}
    assert not dressed & set(WORN.values())
    assert figure.identity.hair in palette.HAIR
    assert figure.garment.emblem not in RESERVED
    assert figure.identity.pin not in RESERVED


def test_a_product_loses_the_features_it_is_to_be_without() -> None:
    figure = random_figure(np.random.default_rng(6))
    for product, features in FEATURES.items():
        whole = np.asarray(draw(wear(figure, product)).image)
        for feature in features:
            assert (np.asarray(draw(wear(figure, product, without=frozenset([feature]))).image) != whole).any(), (
                product,
                feature,
            )


@pytest.mark.parametrize("state", BROKEN_HANDS)
def test_every_broken_hand_is_a_different_picture(state: str) -> None:
    figure = random_figure(np.random.default_rng(3))
    figure = replace(figure, pose=replace(figure.pose, arms="arms down"))
    broken = replace(figure, pose=replace(figure.pose, hands=(state, state)))  # type: ignore[arg-type]
    assert not np.array_equal(np.asarray(draw(figure).image), np.asarray(draw(broken).image))


@pytest.mark.parametrize("feet", [1, 3])
def test_a_foot_too_many_or_too_few_is_drawn(feet: int) -> None:
    figure = random_figure(np.random.default_rng(4))
    odd = replace(figure, pose=replace(figure.pose, feet=feet))
    more = (draw(odd).parts == PART["feet"]).sum() - (draw(figure).parts == PART["feet"]).sum()
    assert (more > 0) == (feet > 2)


@given(st.integers(0, 1000), framings)
@settings(max_examples=40, deadline=None)
def test_captions_tell_only_what_the_framing_shows(seed: int, framing: str) -> None:
    rng = np.random.default_rng(seed)
    figure = random_figure(rng, framing)  # type: ignore[arg-type]
    words = caption(figure, rng, Wording(drop=0.2)).split(", ")
    assert words[:2] == ["1girl", framing]
    assert set(words) <= set(tags(figure))
    if framing == "shoes close-up":
        assert not any("hair" in tag for tag in words)
