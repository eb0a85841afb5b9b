"""DoRA (Liu et al. 2024) over LoRA, LoHa or LoKr: the weight with its update, scaled to stored magnitudes.

W + w (m (W + dW) / |W + dW| - W): W is what the LoRAs before it made of the base's weight, w the LoRA's weight. Which norm is
taken differs between programs:

- A1111 1.10.1: of each input's column, whatever the shape of the magnitudes.
- ComfyUI 0.3.64: of each input's column where the magnitudes are (1, in, ...); where they are (out, 1, ...) of each output's row
  in W, without the update. Both with float32's epsilon added.
- peft's `lora_magnitude_vector`, which neither program reads: of each output's row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from models.lora.layers.added import AddedLayer
from models.lora.layers.loha import LohaLayer
from models.lora.layers.lora import LoraLayer
from models.program import Program

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class DoraLayer:
    inner: AddedLayer
    magnitude: Tensor
    """(1, in, ...) or (out, 1, ...); peft's (out) or (1, out, 1, 1)."""
    of_peft: bool = False
    """Whether it is stored as peft stores it."""
    method: str = "DoRA"

    @property
    def rank(self) -> int | None:
        return self.inner.rank

    @property
    def alpha(self) -> float:
        return self.inner.alpha

    @property
    def shape(self) -> tuple[int, ...]:
        return self.inner.shape

    def delta(self) -> Tensor:
        """The update before it is scaled to the magnitudes: what a DoRA adds depends on the weight."""
        return self.inner.delta()

    def fitted(self, shape: tuple[int, ...]) -> DoraLayer | None:
        inner = self.inner.fitted(shape)
        ones, sizes = (1,) * (len(shape) - 2), {(1, shape[1]), (shape[0], 1)}
        flat = tuple(self.magnitude.shape)
        if self.of_peft:
            if self.magnitude.numel() != shape[0]:
                return None
            flat = (shape[0], 1)
        elif flat[2:] not in ((), (1, 1)) or flat[:2] not in sizes:
            return None
        return None if inner is None else replace(self, inner=inner, magnitude=self.magnitude.reshape(*flat[:2], *ones))

    def apply(self, changed: Tensor, weight: float, meaning: Program) -> None:
        updated = self._updated(changed, meaning)
        factor = self._factor(changed, updated, meaning)
        changed.mul_(1.0 - weight).addcmul_(updated, factor, value=weight)

    def factor(self, before: Tensor, meaning: Program) -> Tensor:
        """m / norm for a weight that is not yet updated: (1, in, ...) or (out, 1, ...)."""
        return self._factor(before, self._updated(before, meaning), meaning)

    def write_by(self, before: Tensor, out: Tensor, factor: Tensor, weight: float, meaning: Program) -> None:
        """Writes `before` with the update at LoRA weight `weight` to `out`, by the factor of this weight that was kept:
        W (1 + w (f - 1)) + w f dW takes few passes over memory where dW is of low rank."""
        import torch

        inner = self.inner
        low_rank = inner.factors(factor) if isinstance(inner, LoraLayer) else None
        if isinstance(inner, LohaLayer) and inner.write_scaled(before, out, 1.0 + weight * (factor - 1.0), weight * factor):
            return
        if low_rank is None:
            out.copy_(before)
            inner.apply(out, 1.0, meaning)
            torch.mul(out, factor, out=out)
            out.lerp_(before, 1.0 - weight)
            return
        torch.mul(before, 1.0 + weight * (factor - 1.0), out=out)
        out.view(len(out), -1).addmm_(*low_rank, alpha=weight)

    def _updated(self, before: Tensor, meaning: Program) -> Tensor:
        updated = before.clone()
        self.inner.apply(updated, 1.0, meaning)
        return updated

    def _factor(self, before: Tensor, updated: Tensor, meaning: Program) -> Tensor:
        import torch

        magnitude = self.magnitude.to(before.device).float()
        rows = self.of_peft or (meaning == "comfyui" and magnitude.shape[0] == before.shape[0])
        axes = [axis for axis in range(before.ndim) if axis != (0 if rows else 1)]
        before_update = rows and not self.of_peft
        norm = torch.linalg.vector_norm(before if before_update else updated, dim=axes, keepdim=True)
        if meaning == "comfyui" and not self.of_peft:
            norm += torch.finfo(torch.float32).eps
        found: Tensor = magnitude / norm
        return found
