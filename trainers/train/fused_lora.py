"""The forward of low-rank layers that are being trained, in the fewest passes over memory.

y = W x + b + s B A x as peft computes it takes four passes over y (two products, a scaling, a sum), each with a copy of its own,
and a convolution of one pixel goes the slow way of a general one. Here B A x is added into y where it lies, and backwards alike:
the same sums, rounded in another order. Base and low-rank matrices stay apart, so that bfloat16 loses no small step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from peft.tuners.lora import LoraLayer
    from torch import Tensor, nn


class _LowRank(torch.autograd.Function):
    """x (n, in), weight (out, in), down (rank, in), up (out, rank), all of one dtype; gives (n, out)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, down: Tensor, up: Tensor, scale: float) -> Tensor:
        inner = x @ down.t()
        found = functional.linear(x, weight, bias).addmm_(inner, up.t(), alpha=scale)
        ctx.save_for_backward(x, inner, weight, down, up)
        ctx.scale = scale
        return found

    @staticmethod
    def backward(ctx: Any, *given: Tensor) -> tuple[Tensor | None, ...]:
        x, inner, weight, down, up = ctx.saved_tensors
        pull = given[0].contiguous()
        within = (pull @ up).mul_(ctx.scale)
        to_x = (pull @ weight).addmm_(within, down) if ctx.needs_input_grad[0] else None
        return to_x, None, None, within.t() @ x, (pull.t() @ inner).mul_(ctx.scale), None


@contextmanager
def fused(model: nn.Module, adapter: str) -> Iterator[None]:
    """While it lasts, peft's layers around linear layers and convolutions of one pixel compute as above."""
    from peft.tuners.lora import LoraLayer as Wrapped

    layers = [module for module in model.modules() if isinstance(module, Wrapped) and _is_flat(module.get_base_layer())]
    for layer in layers:
        layer.__dict__["forward"] = _forward(layer, adapter)
    try:
        yield
    finally:
        for layer in layers:
            del layer.__dict__["forward"]


def _is_flat(base: nn.Module) -> bool:
    """Whether the layer is one matrix product."""
    from torch import nn

    if isinstance(base, nn.Conv2d):
        return base.kernel_size == base.stride == (1, 1) and base.padding == (0, 0) and base.groups == 1
    return isinstance(base, nn.Linear)


def _forward(layer: LoraLayer, adapter: str) -> Callable[[Tensor], Tensor]:
    base, down, up = layer.get_base_layer(), layer.lora_A[adapter], layer.lora_B[adapter]
    scale = float(layer.scaling[adapter])
    is_convolution = base.weight.ndim == 4

    def linear(x: Tensor) -> Tensor:
        if layer.disable_adapters:
            return functional.linear(x, base.weight.flatten(1), base.bias)
        x, weight, bias, a, b = _of_one_dtype(x, base.weight, base.bias, down.weight, up.weight)
        with torch.autocast(x.device.type, enabled=False):
            rows = x.reshape(-1, x.shape[-1])
            found: Tensor = _LowRank.apply(rows, weight.flatten(1), bias, a.flatten(1), b.flatten(1), scale)
        return found.view(*x.shape[:-1], -1)

    def convolution(x: Tensor) -> Tensor:
        return linear(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)

    return convolution if is_convolution else linear


def _of_one_dtype(x: Tensor, *others: Tensor | None) -> tuple[Any, ...]:
    """As autocast would have them where it is on; else as `x` is."""
    kind = x.device.type
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype
    return tuple(None if held is None else held.to(dtype) for held in (x, *others))
