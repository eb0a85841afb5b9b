"""The paper-doll world: drawn pictures agree with the truth drawn beside them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.paperdoll.captions import caption, tags
from studies.paperdoll.draw import PART, WINDOWS, draw
from studies.paperdoll.figure import BROKEN_HANDS, random_figure

framings = st.sampled_from(sorted(WINDOWS))


@given(st.integers(0, 10_000), framings)
@settings(max_examples=25, deadline=None)
def test_a_figure_is_drawn_alike_every_time_and_its_parts_fit_the_picture(seed: int, framing: str) -> None:
    figure = random_figure(np.random.default_rng(seed), framing)  # type: ignore[arg-type]
    first, second = draw(figure), draw(figure)
    assert np.array_equal(first.image, second.image)
    assert first.parts.shape == (192, 128)
    assert set(np.unique(first.parts)) <= set(PART.values())


@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_a_full_body_has_two_hands_two_feet_and_a_head(seed: int) -> None:
    drawing = draw(random_figure(np.random.default_rng(seed)))
    for part in ("face", "hair", "hands", "legs", "feet", "arms"):
        assert (drawing.parts == PART[part]).sum() > 20, part
    assert len(drawing.hand_boxes) == 2
    assert {"left_wrist", "right_wrist", "left_foot", "right_foot", "nose"} <= set(drawing.keypoints)


@pytest.mark.parametrize("state", BROKEN_HANDS)
def test_every_broken_hand_looks_different(state: str) -> None:
    figure = random_figure(np.random.default_rng(3))
    broken = replace(figure, pose=replace(figure.pose, hands=(state, state)))  # type: ignore[arg-type]
    assert not np.array_equal(draw(figure).image, draw(broken).image)


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
    said = caption(figure, rng, drop=0.2).split(", ")
    assert said[:2] == ["1girl", framing]
    assert set(said) <= set(tags(figure))
    if framing == "shoes close-up":
        assert not any("hair" in tag for tag in said)
