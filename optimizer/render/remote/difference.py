"""How far two pictures of one request are from each other, and how far they may be to count as the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from models.language.translate import phrase
from optimizer.render.decode import NotDrawn

if TYPE_CHECKING:
    from PIL.Image import Image

BLOCK: Final = 16
"""Pixels, both ways, of the blocks that are compared one by one: a change of a small place shows in its block."""
BLOCK_FACTOR: Final = 8
"""How much more than the whole picture one block may differ."""
MEAN: Final = 0.5
FARTHEST: Final = 255.0


class Difference(NamedTuple):
    """In levels of 255, averaged over pixels and channels."""

    mean: float
    """Of the whole picture."""
    block: float
    """Of the block of 16x16 pixels that differs most."""

    def words(self) -> str:
        return phrase("{mean:.2f} of 255 on average, {block:.1f} in the worst 16x16 block", mean=self.mean, block=self.block)


@dataclass(frozen=True)
class Tolerance:
    """How far two pictures of one request may be from each other: 0 is to the last bit."""

    mean: float = MEAN
    """In levels of 255."""

    @property
    def block(self) -> float:
        """In levels of 255."""
        return BLOCK_FACTOR * self.mean

    def allows(self, found: Difference) -> bool:
        return found.mean <= self.mean and found.block <= self.block

    def words(self) -> str:
        return phrase("{mean:g} and {block:g}", mean=self.mean, block=self.block)


def difference(one: Image | NotDrawn, other: Image | NotDrawn) -> Difference:
    """Between RGB pictures. Two that were not drawn are equal; pictures of other sizes, or one that was not drawn and one that
    was, differ as far as can be."""
    import numpy as np

    if isinstance(one, NotDrawn) or isinstance(other, NotDrawn):
        return (
            Difference(0.0, 0.0) if isinstance(one, NotDrawn) and isinstance(other, NotDrawn) else Difference(FARTHEST, FARTHEST)
        )
    if one.size != other.size:
        return Difference(FARTHEST, FARTHEST)
    off = np.abs(np.asarray(one.convert("RGB"), np.float32) - np.asarray(other.convert("RGB"), np.float32)).mean(axis=2)
    starts = [np.arange(0, length, BLOCK) for length in off.shape]
    sums, counts = (np.add.reduceat(np.add.reduceat(x, starts[0], 0), starts[1], 1) for x in (off, np.ones_like(off)))
    return Difference(float(off.mean(dtype=np.float64)), float((sums / counts).max()))
