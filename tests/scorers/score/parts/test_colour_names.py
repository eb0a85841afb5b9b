from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorers.observe.colours.histogram import lab
from scorers.score.parts.colour_names import TERMS, colour_name, distance
from studies.paperdoll.world import palette


def name_of(colour: palette.RGB) -> str:
    return colour_name(lab(np.array([colour], np.uint8))[0])


@pytest.mark.parametrize("name", palette.CLOTH)
def test_the_labs_cloth_has_the_names_that_captions_give_it(name: str) -> None:
    assert name_of(palette.CLOTH[name]) == name


def test_rare_hair_is_named_too() -> None:
    assert name_of(palette.RARE_HAIR["teal"]) == "teal"
    assert name_of(palette.RARE_HAIR["lime"]) in ("green", "lime")


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_every_colour_has_a_name(colour: tuple[int, int, int]) -> None:
    assert name_of(colour) in TERMS.values()


def test_a_step_of_lightness_is_less_than_one_of_hue() -> None:
    grey = np.array([50.0, 0.0, 0.0])
    assert distance(grey, np.array([60.0, 0.0, 0.0])) < distance(grey, np.array([50.0, 10.0, 0.0]))
