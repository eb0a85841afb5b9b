"""Muon (Jordan et al. 2024, "Muon: an optimizer for hidden layers") for the lab's UNet: steps of like singular values.

torch.optim.Muon takes matrices alone and multiplies in bfloat16, which is slow on most processors; here convolutions count as
matrices (outputs x all else), and all is float32.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

A, B, C = 3.4445, -4.7750, 2.0315
ITERATIONS = 5
RMS = 0.2
"""Root mean square of a step at rate 1: that of AdamW, so that one rate fits both (Liu et al. 2025, "Muon is scalable")."""


def orthogonalised(g: Tensor) -> Tensor:
    """`g` (m, n) with all its singular values near 1, by the quintic Newton-Schulz iteration.

    Every iterate is a polynomial of G = X X^T times X, so the iteration runs on the smaller side's Gram matrix alone.
    """
    x = g.T if g.shape[0] > g.shape[1] else g
    x = x / (torch.linalg.norm(x) + 1e-7)
    gram = x @ x.T
    p = _polynomial(gram)
    whole = p
    for _ in range(ITERATIONS - 1):
        gram = p @ gram @ p
        p = _polynomial(gram)
        whole = p @ whole
    found: Tensor = whole @ x
    return found.T if g.shape[0] > g.shape[1] else found


def _polynomial(gram: Tensor) -> Tensor:
    """A I + B G + C G^2."""
    p = torch.addmm(gram, gram, gram, beta=B, alpha=C)
    p.diagonal().add_(A)
    return p


class Muon(torch.optim.Optimizer):
    """Muon for weights of two or more axes, Adam for all others; weight decay decoupled for both."""

    def __init__(self, parameters: Iterable[Tensor], lr: float, weight_decay: float = 0.01, momentum: float = 0.95) -> None:
        defaults = {"lr": lr, "weight_decay": weight_decay, "momentum": momentum, "betas": (0.9, 0.99)}
        super().__init__(list(parameters), defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step; `closure`, if given, is called first to calculate the gradients anew, and its loss is returned."""
        with torch.enable_grad():
            loss = closure() if closure is not None else None
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                p.mul_(1 - group["lr"] * group["weight_decay"])
                step = self._muon if p.ndim >= 2 else self._adam
                p.sub_(group["lr"] * step(p.grad, self.state[p], group))
        return loss

    def _muon(self, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> Tensor:
        if not state:
            state["mean"] = torch.zeros_like(grad)
        mean: Tensor = state["mean"].mul_(group["momentum"]).add_(grad)
        matrix = (grad + group["momentum"] * mean).flatten(1)
        step: Tensor = orthogonalised(matrix).view_as(grad) * (RMS * float(max(matrix.shape)) ** 0.5)
        return step

    def _adam(self, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> Tensor:
        if not state:
            state["step"], state["mean"], state["square"] = torch.zeros(()), torch.zeros_like(grad), torch.zeros_like(grad)
        first, second = group["betas"]
        state["step"] += 1
        n = float(state["step"])
        mean: Tensor = state["mean"].lerp_(grad, 1 - first) / (1 - first**n)
        square: Tensor = state["square"].lerp_(grad * grad, 1 - second) / (1 - second**n)
        return mean / (square.sqrt() + 1e-8)
