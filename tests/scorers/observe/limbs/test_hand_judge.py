"""The hand judge by one view and by twelve."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from models.vision.onnx import OnnxModel
from scorers.observe.limbs.hand_judge import SIDE, HandJudge, views


class Leaning:
    """Says what stands in the upper left corner, so that a mirrored hand is another one to it."""

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = batch[:, :, :12, :12].mean(axis=(1, 2, 3))[:, None]
        return found


def judge(*, many_views: bool) -> HandJudge:
    return HandJudge(cast("OnnxModel", Leaning()), many_views)


def crop(seed: int) -> Image.Image:
    small = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), np.uint8)
    return Image.fromarray(small).resize((SIDE, SIDE), Image.Resampling.NEAREST)


def test_the_first_view_is_the_crop_and_all_are_of_its_size() -> None:
    found = views(crop(0))
    assert len({view.tobytes() for view in found}) == 12
    assert np.array_equal(np.asarray(found[0]), np.asarray(crop(0)))
    assert {view.size for view in found} == {(SIDE, SIDE)}


@given(st.integers(0, 999))
def test_a_mirrored_hand_is_judged_alike_by_twelve_views(seed: int) -> None:
    hand = crop(seed)
    mirrored = hand.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    one, other = judge(many_views=True).broken([hand, mirrored])
    assert one == pytest.approx(other, abs=1e-4)


def test_hands_are_judged_one_by_one() -> None:
    for many in (False, True):
        together = judge(many_views=many).broken([crop(1), crop(2), crop(3)])
        assert together == [judge(many_views=many).broken([crop(k)])[0] for k in (1, 2, 3)]
        assert judge(many_views=many).broken([]) == []


def test_one_view_is_the_models_word_and_certainty_stays_finite() -> None:
    black, white = Image.new("RGB", (SIDE, SIDE)), Image.new("RGB", (SIDE, SIDE), "white")
    assert judge(many_views=False).broken([black, white]) == [0.0, 1.0]
    low, high = judge(many_views=True).broken([black, white])
    assert 0 < low < 1e-5
    assert 1 - 1e-5 < high < 1
