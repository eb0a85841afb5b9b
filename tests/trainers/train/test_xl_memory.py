"""SDXL's published shapes fit 12 GB: one step of the preset, counted on the meta device."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.training.xl.memory import ALLOWED, encoding, published_base, training
from models.base.family import Base
from trainers.train.settings.preset_families import preset

LIBRARIES = 1.5
"""GB that a GPU's libraries may take beside tensors."""


@pytest.fixture(scope="module")
def base() -> Base:
    return published_base()


@pytest.mark.slow
def test_the_preset_at_full_shape_fits_a_card_of_twelve_gigabytes(base: Base) -> None:
    settings = preset("sdxl", "clothing")
    assert (settings.size, settings.gradient_checkpointing, settings.weights) == ((1024, 1024), True, "auto")
    counted = training(base, settings)
    # 2.57 and 0.82 thousand million numbers of two bytes, 84 million of four
    assert counted.weights == pytest.approx(6.62, abs=0.01)
    assert counted.numbers == 42_557_440
    assert counted.trained == pytest.approx(2 * 4 * counted.numbers / 2**30)
    assert counted.states == counted.trained
    assert counted.peak == pytest.approx(7.68, abs=0.05)
    assert counted.peak + LIBRARIES < ALLOWED
    eight = training(base, replace(settings, optimizer="adamw8bit", text_rank=16))
    assert eight.states < 0.3 * counted.states * eight.numbers / counted.numbers
    assert eight.peak + LIBRARIES < ALLOWED


def test_encoding_a_picture_before_fits_too(base: Base) -> None:
    assert 8.0 < encoding(base) + LIBRARIES < ALLOWED
