"""What a layer of a LoRA file adds to the weight it is for: one protocol for all methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from models.program import Program

if TYPE_CHECKING:
    from torch import Tensor


class AddedLayer(Protocol):
    """A layer whose update is linear in the LoRA's weight: W + w * delta()."""

    @property
    def method(self) -> str:
        """LoRA, LoHa, LoKr or DoRA."""

    @property
    def rank(self) -> int | None:
        """None where nothing is of low rank."""

    @property
    def alpha(self) -> float:
        """As it decides the scale."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(out, in) or (out, in, k, k), as far as the tensors tell; (out, in * k * k) where they are stored flat."""

    def delta(self) -> Tensor:
        """The update at LoRA weight 1 in float32."""

    def fitted(self, shape: tuple[int, ...]) -> AddedLayer | None:
        """For a weight of this shape; None if it is for another."""

    def apply(self, changed: Tensor, weight: float, meaning: Program) -> None:
        """Adds the update at LoRA weight `weight` to `changed`, in place.

        `changed` is float32 of the fitted shape: the base's weight with the LoRAs applied before.
        `meaning`: whose DoRA is meant.
        """


def is_linear(layer: AddedLayer) -> bool:
    """Whether its update depends neither on the weight that it is added to nor on the order of LoRAs."""
    return layer.method != "DoRA"
