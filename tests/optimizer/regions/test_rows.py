"""Regions to the rows of a batch: which LoRAs act in each, and that their shares part every cell."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from optimizer.regions.regions import Mask, Regions, Words
from optimizer.regions.rows import Row, rows_of

CELLS = (12, 8)


def box(top: int, left: int, bottom: int, right: int) -> Mask:
    mask = np.zeros((48, 32), np.bool_)
    mask[top:bottom, left:right] = True
    return mask


HEAD, BODY = box(0, 8, 16, 24), box(16, 0, 48, 32)


def acting(rows: list[Row]) -> list[set[str]]:
    return [{name for name, weight in row.weights.items() if weight} for row in rows]


def total(rows: list[Row]) -> np.ndarray:
    return np.asarray(np.sum([row.share for row in rows if row.share is not None], axis=0))


def test_without_regions_there_is_one_row_with_all_weights() -> None:
    weights = {"face": 0.5, "dress": 0.3}
    assert rows_of(weights, None, CELLS) == [Row(weights, None)]


def test_outside_of_all_regions_only_loras_without_one_act() -> None:
    rows = rows_of({"face": 0.5, "dress": 0.3, "detail": 0.2}, Regions({"face": HEAD, "dress": BODY}), CELLS)
    assert acting(rows) == [{"detail"}, {"dress", "detail"}, {"face", "detail"}]
    assert np.allclose(total(rows), 1, atol=1e-6)
    shares = {frozenset(a): row.share for a, row in zip(acting(rows), rows, strict=True)}
    body = shares[frozenset({"dress", "detail"})]
    assert body is not None
    assert body[-1].tolist() == [1.0] * 8, "deep in a region nothing else acts"


def test_where_regions_overlap_all_their_loras_act() -> None:
    rows = rows_of({"face": 0.5, "dress": 0.3}, Regions({"face": HEAD, "dress": box(8, 0, 48, 32)}), CELLS)
    assert {frozenset(a) for a in acting(rows)} == {
        frozenset(),
        frozenset({"face"}),
        frozenset({"dress"}),
        frozenset({"face", "dress"}),
    }


def test_loras_of_one_region_share_its_row() -> None:
    rows = rows_of({"dress": 0.5, "coat": 0.3}, Regions({"dress": BODY, "coat": BODY.copy()}), CELLS)
    assert {frozenset(a) for a in acting(rows)} == {frozenset(), frozenset({"dress", "coat"})}


@pytest.mark.parametrize("weights", [{}, {"face": 0.0, "dress": 0.0}, {"detail": 0.4}])
def test_an_image_on_which_no_regional_lora_acts_has_one_row(weights: dict[str, float]) -> None:
    (row,) = rows_of(weights, Regions({"face": HEAD, "dress": BODY}), CELLS)
    assert row.share is None
    assert acting([row]) == [{name for name, weight in weights.items() if weight}]


def test_everywhere_is_one_row_without_shares() -> None:
    whole = np.ones((48, 32), np.bool_)
    weights = {"face": 0.5, "dress": 0.3}
    assert rows_of(weights, Regions({"face": whole, "dress": whole}), CELLS) == [Row(weights, None)]


def test_a_speck_costs_no_row() -> None:
    (row,) = rows_of({"face": 0.5}, Regions({"face": box(0, 0, 1, 1)}), CELLS)
    assert row == Row({}, None)


masks = arrays.arrays(np.bool_, (48, 32))


@given(st.lists(masks, min_size=1, max_size=3))
def test_shares_part_every_cell(found: list[Mask]) -> None:
    names = [f"lora {i}" for i in range(len(found))]
    rows = rows_of(dict.fromkeys(names, 0.5), Regions(dict(zip(names, found, strict=True))), CELLS)
    if len(rows) > 1:
        assert np.allclose(total(rows), 1, atol=1e-5)
        assert all(row.share is not None and row.share.min() >= 0 for row in rows)
    assert len({frozenset(row.weights.items()) for row in rows}) == len(rows)


@given(st.lists(masks, min_size=2, max_size=2, unique_by=lambda mask: mask.tobytes()))
def test_another_mask_is_another_digest(two: list[Mask]) -> None:
    first, second = (Regions({"face": mask}) for mask in two)
    assert first != second
    assert first == Regions({"face": two[0].copy()})
    assert first.digest != Regions({"dress": two[0]}).digest


LEFT, RIGHT = box(0, 0, 48, 16), box(0, 16, 48, 32)


def two(**words: str) -> Regions:
    places = {"anna": LEFT, "bea": RIGHT}
    return Regions({"face": LEFT, "face2": RIGHT}, {name: Words(places[name], text) for name, text in words.items()})


def test_each_place_reads_its_own_words() -> None:
    rows = rows_of({"face": 0.5, "face2": 0.3}, two(anna="pink dress", bea="blue dress"), CELLS)
    assert {frozenset(on): row.words for on, row in zip(acting(rows), rows, strict=True)} == {
        frozenset({"face"}): "pink dress",
        frozenset({"face2"}): "blue dress",
    }
    assert np.allclose(total(rows), 1, atol=1e-6)


def test_a_place_whose_loras_are_off_reads_its_words_too() -> None:
    rows = rows_of({"face": 0.5, "face2": 0.0}, two(bea="blue dress"), CELLS)
    assert {frozenset(on): row.words for on, row in zip(acting(rows), rows, strict=True)} == {
        frozenset({"face"}): "",
        frozenset(): "blue dress",
    }


def test_words_are_read_where_no_lora_is_on() -> None:
    rows = rows_of({"face": 0.0}, two(anna="pink dress"), CELLS)
    assert [row.words for row in rows] == ["", "pink dress"]
    assert np.allclose(total(rows), 1, atol=1e-6)


def test_words_and_their_places_are_part_of_an_images_identity() -> None:
    plain, pink, blue = two(), two(anna="pink dress"), two(anna="blue dress")
    elsewhere = Regions(pink.masks, {"anna": Words(RIGHT, "pink dress")})
    assert len({one.digest for one in (plain, pink, blue, elsewhere)}) == 4
    assert pink.of(["face"]) == Regions({"face": LEFT}, pink.words)
    assert pink.of([]) == Regions({}, pink.words)
    assert plain.of([]) is None
    assert two().digest == Regions(plain.masks).digest
