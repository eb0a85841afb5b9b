"""What a layer of a LoRA file adds to the weight it is for: one protocol for all methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from models.program import Program

if TYPE_CHECKING:
    from torch import Tensor


LINEAR: Final = ("LoRA", "LoHa", "LoKr", "full difference")
"""Methods whose update is the LoRA's weight times `delta`, whatever it is added to."""


class AddedLayer(Protocol):
    """A layer of a file: W + w * delta() for most methods, for others an update that depends on the weight W."""

    @property
    def method(self) -> str:
        """LoRA, LoHa, LoKr, DoRA, full difference, (IA)3, OFT, BOFT or GLoRA."""

    @property
    def rank(self) -> int | None:
        """None where nothing is of low rank."""

    @property
    def alpha(self) -> float:
        """As it decides the scale, or of OFT and BOFT the constraint."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(out, in) or (out, in, k, k), as far as the tensors tell; (out, in * k * k) where they are stored flat."""

    def delta(self) -> Tensor:
        """The update at LoRA weight 1 in float32, as far as it does not depend on the weight that it is added to."""

    def fitted(self, shape: tuple[int, ...]) -> AddedLayer | None:
        """For a weight of this shape; None if it is for another."""

    def apply(self, changed: Tensor, weight: float, meaning: Program) -> None:
        """Adds the update at LoRA weight `weight` to `changed`, in place.

        `changed` is float32 of the fitted shape and contiguous: the base's weight with the LoRAs applied before.
        `meaning`: whose DoRA, OFT, BOFT and GLoRA is meant.
        """


@runtime_checkable
class Written(Protocol):
    """A layer whose update takes fewer passes over memory where it writes elsewhere than in place."""

    def write(self, before: Tensor, out: Tensor, weight: float, meaning: Program) -> None:
        """As `AddedLayer.apply` on a copy of `before`, written to `out`; both float32, contiguous and not the same."""


def is_linear(layer: AddedLayer) -> bool:
    """Whether its update depends neither on the weight that it is added to nor on the order of LoRAs."""
    return layer.method in LINEAR
