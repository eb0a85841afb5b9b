"""The normal numbers that torch.randn draws on a CUDA device, computed on the CPU: what A1111 calls "RNG: NV".

Philox4x32-10 is the counter-based generator of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3"
(2011), published as Random123. Counters and the Box-Muller transform are laid out as cuRAND's normal distribution does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint32]

_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_UNIT = float(np.float32(2.0**-32))
_TURN = float(np.float32(2.0**-32 * 2 * np.pi))
"""cuRAND keeps both factors in single precision; the rest of the transform is done in double, as A1111 does it."""


def philox4x32(counter: Words, key: tuple[int, int]) -> Words:
    """Ten rounds over the counters (4, n) under one key of two 32-bit words; returns (4, n) and leaves its arguments alone."""
    a, b, c, d = counter
    left, right = key
    for _ in range(_ROUNDS):
        first, second = a.astype(np.uint64) * _MULTIPLIERS[0], c.astype(np.uint64) * _MULTIPLIERS[1]
        a, b, c, d = _high(second) ^ b ^ np.uint32(left), _low(second), _high(first) ^ d ^ np.uint32(right), _low(first)
        left, right = (left + _WEYL[0]) & 0xFFFFFFFF, (right + _WEYL[1]) & 0xFFFFFFFF
    return np.stack([a, b, c, d])


class PhiloxNormal:
    """A generator that goes on where it stopped: its n-th draw equals the n-th torch.randn after torch.cuda.manual_seed(seed).

    Equal up to the last bits of single precision, and as far as each number has a GPU thread of its own, which holds for latents.
    """

    def __init__(self, seed: int) -> None:
        """Raises ValueError for a seed outside 0 .. 2**64 - 1."""
        if not 0 <= seed < 2**64:
            raise ValueError(f"a Philox seed is a whole number from 0 to 2**64 - 1, not {seed}")
        self._key = (seed & 0xFFFFFFFF, seed >> 32)
        self._offset = 0

    def draw(self, shape: Sequence[int]) -> NDArray[np.float32]:
        """Standard normal numbers of this shape."""
        count = int(np.prod(shape, dtype=np.int64))
        counter = np.zeros((4, count), np.uint32)
        counter[0] = self._offset
        counter[2] = np.arange(count, dtype=np.uint32)
        self._offset += 1
        # Each thread makes four numbers and keeps the first: the other two words of the counter's four are thrown away.
        first, second = philox4x32(counter, self._key)[:2]
        return _box_muller(first, second).reshape(tuple(shape))


def _box_muller(first: Words, second: Words) -> NDArray[np.float32]:
    radius = np.sqrt(-2 * np.log(first * _UNIT + _UNIT / 2))
    angle = second * _TURN + _TURN / 2
    return np.asarray(radius * np.sin(angle), np.float32)


def _high(product: NDArray[np.uint64]) -> Words:
    return (product >> np.uint64(32)).astype(np.uint32)


def _low(product: NDArray[np.uint64]) -> Words:
    return product.astype(np.uint32)
