from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorers.observe.observation import Vector
from scorers.observe.outliers import outliers


def person(seed: int, count: int, spread: float = 0.5) -> list[Vector]:
    """Unit vectors around one direction of 64; a spread of 0.5 gives cosines of about 0.8."""
    rng = np.random.default_rng(seed)
    middle = rng.normal(size=64)
    rows = middle / np.linalg.norm(middle) + rng.normal(size=(count, 64)) * spread / 8
    return [tuple(map(float, row / np.linalg.norm(row))) for row in rows]


@given(st.integers(0, 200), st.integers(3, 9), st.data())
def test_a_stranger_among_photos_of_one_person_is_found_wherever_it_stands(seed: int, count: int, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, count))
    photos = person(seed, count)
    photos.insert(at, person(seed + 1000, 1)[0])
    assert outliers(photos) == [at]


@given(st.integers(0, 200), st.integers(1, 12), st.floats(0.1, 1.0))
def test_photos_of_one_person_are_all_kept(seed: int, count: int, spread: float) -> None:
    assert outliers(person(seed, count, spread)) == []


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_few_photos_cannot_outvote_one(count: int) -> None:
    assert outliers([*person(1, count), *person(2, 1)][:3]) == []
