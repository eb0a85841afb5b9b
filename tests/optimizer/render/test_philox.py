"""Philox against published numbers: Random123's known answers, and what torch.randn was seen to draw on a CUDA device."""

from __future__ import annotations

import numpy as np
import pytest

from optimizer.render.philox import PhiloxNormal, philox4x32


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_random123s_known_answers(counter: tuple[int, ...], key: tuple[int, int], answer: tuple[int, ...]) -> None:
    """The lines "philox4x32 10" of kat_vectors in the Random123 distribution."""
    assert philox4x32(np.array(counter, np.uint32)[:, None], key)[:, 0].tolist() == list(answer)


def test_draws_what_torch_draws_on_cuda() -> None:
    """The numbers that the docstring of A1111's modules/rng_philox.py states for seed 0 and the shape (3, 4).

    Its code, like cuRAND, holds the factor of the angle in single precision, which moves them by less than 5e-7.
    """
    stated = [
        [-0.92466259, -0.42534415, -2.6438457, 0.14518388],
        [-0.12086647, -0.57972564, -0.62285122, -0.32838709],
        [-1.07454231, -0.36314407, -1.67105067, 2.26550497],
    ]
    drawn = PhiloxNormal(0).draw((3, 4))
    assert drawn.dtype == np.float32
    assert drawn == pytest.approx(np.array(stated), abs=5e-7)


def test_a_generator_goes_on_and_repeats_itself() -> None:
    one, other = PhiloxNormal(1296893022), PhiloxNormal(1296893022)
    first, second = one.draw((4, 8, 6)), one.draw((4, 8, 6))
    assert np.array_equal(first, other.draw((4, 8, 6)))
    assert np.array_equal(second, other.draw((4, 8, 6)))
    assert not np.array_equal(first, second)


def test_numbers_are_normal_and_high_seeds_differ_from_low_ones() -> None:
    drawn = PhiloxNormal(2**40 + 7).draw((100_000,))
    assert abs(drawn.mean()) < 0.02
    assert abs(drawn.std() - 1) < 0.02
    assert not np.array_equal(drawn, PhiloxNormal(7).draw((100_000,)))


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_refuses_a_seed_that_is_none(seed: int) -> None:
    with pytest.raises(ValueError, match="whole number"):
        PhiloxNormal(seed)
