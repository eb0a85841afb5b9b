"""What fits: never less than one image, never more with less memory."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.errors import InputError
from optimizer.render.memory import MAX_BATCH, Fit, Needs, check_room, fit, free_bytes, size_of

GB = 2**30
SD15 = Needs(weights=2 * GB, largest=int(1.7 * GB), copy=GB // 2, element=2)
PIXELS = 512 * 768
sizes = st.integers(0, 64 * GB)


@given(sizes, sizes, st.integers(64 * 64, 4096 * 4096))
def test_more_memory_never_means_less(free: int, more: int, pixels: int) -> None:
    small, large = fit(free, 0, SD15, pixels), fit(free + more, 0, SD15, pixels)
    assert 1 <= small.batch <= MAX_BATCH
    assert small.offload or not large.offload
    # Once models wait elsewhere there is room again: only at equal ways do batches compare.
    if (small.offload, small.lean) == (large.offload, large.lean):
        assert small.batch <= large.batch
        assert small.tiled or not large.tiled


def test_a_large_card_draws_many_a_small_one_lends_its_room() -> None:
    assert fit(22 * GB, 0, SD15, PIXELS) == Fit(MAX_BATCH, tiled=False, offload=False)
    assert fit(3 * GB, 2 * GB, SD15, PIXELS).offload is False
    assert fit(2 * GB, 0, replace(SD15, vae=GB // 5), PIXELS) == Fit(1, tiled=True, offload=True, lean=True)


def test_where_a_copy_has_no_room_beside_the_denoiser_it_takes_its_place() -> None:
    """Z-Image in bfloat16 with LoRAs on every layer, at 1024x1024 on a card of 16 GB."""
    needs = Needs(weights=int(19.2 * GB), largest=int(11.5 * GB), copy=int(11.3 * GB), element=2, denoiser=int(11.5 * GB))
    pixels = 1024 * 1024
    assert fit(int(15.4 * GB), 0, needs, pixels) == Fit(1, tiled=True, offload=True, lean=True)
    assert fit(int(40 * GB), 0, needs, pixels, max_batch=1) == Fit(1, tiled=False, offload=False, lean=False)
    assert fit(int(30 * GB), 0, needs, pixels, max_batch=1) == Fit(1, tiled=False, offload=True, lean=False)


def test_a_denoiser_that_is_larger_than_the_device_is_refused() -> None:
    """FLUX.1 in bfloat16 on a card of 16 GB."""
    needs = Needs(weights=31 * GB, largest=22 * GB, copy=22 * GB, element=2, denoiser=22 * GB)
    check_room(22 * GB, needs, torch.device("cuda"))
    with pytest.raises(
        InputError, match=r"the base's denoiser takes 22\.0 GB, and cuda has 15\.4 GB free: render\.device"
    ) as told:
        check_room(int(15.4 * GB), needs, torch.device("cuda"))
    assert "\n" not in str(told.value)


def test_models_that_are_there_already_take_no_further_room() -> None:
    assert fit(4 * GB, 2 * GB, SD15, PIXELS) == fit(6 * GB, 0, SD15, PIXELS)


def test_main_memory_and_models_are_measured() -> None:
    assert free_bytes(torch.device("cpu")) > 0
    assert size_of(torch.nn.Linear(3, 2).half()) == 16
