from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scorers.observe.parts import box_of, groups_of, parted, person_labels, pieces

ATR = {0: "Background", 1: "Hat", 2: "Hair", 4: "Upper-clothes", 5: "Skirt", 7: "Dress", 8: "Belt", 9: "Left-shoe"}
FASHN = {0: "background", 1: "face", 2: "hair", 3: "top", 4: "dress", 12: "arms", 13: "hands", 14: "legs", 15: "feet"}


def test_labels_of_other_parsers_fall_into_the_same_groups() -> None:
    atr, fashn = groups_of(ATR), groups_of(FASHN)
    assert atr["clothing"].tolist() == [4, 5, 7, 8]
    assert atr["shoes"].tolist() == [9]
    assert atr["head"].tolist() == [1, 2]
    assert fashn["clothing"].tolist() == [3, 4]
    assert fashn["shoes"].tolist() == [15]
    assert fashn["hands"].tolist() == [13]
    assert not len(atr["hands"])
    assert 0 not in person_labels(ATR)


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 12))
def test_pieces_share_the_mask_among_them(seed: int, height: int, width: int) -> None:
    mask = np.random.default_rng(seed).random((height, width)) < 0.4
    found = pieces(mask, 0.0)
    assert sum(piece.area for piece in found) == mask.sum()
    assert [p.area for p in found] == sorted((p.area for p in found), reverse=True)
    for piece in found:
        assert box_of(piece.mask) == piece.box
        x, y = piece.centre
        assert piece.box[0] < x < piece.box[2]
        assert piece.box[1] < y < piece.box[3]


def test_specks_are_left_out() -> None:
    mask = np.zeros((20, 20), bool)
    mask[2:8, 2:8] = mask[15, 15] = True
    assert [p.area for p in pieces(mask, 0.01)] == [36]


@given(st.integers(1, 4))
def test_shoes_that_touch_are_two_at_any_size(scale: int) -> None:
    mask = np.zeros((40 * scale, 60 * scale), bool)
    for x in (10, 31):
        mask[10 * scale : 30 * scale, x * scale : (x + 20) * scale] = True
    mask[28 * scale : 29 * scale, 30 * scale : 31 * scale] = True
    assert len(pieces(mask, 0.0)) == 1
    assert len(pieces(parted(mask), 0.001)) == 2
