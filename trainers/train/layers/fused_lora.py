"""The forward pass of trainable low-rank layers with the fewest passes over memory.

peft computes y = W x + b + s B A x in four passes over y (two products, a scaling, a sum), each with its own copy, and treats a
1x1 convolution as a general one. Here B A x accumulates into y in place, and the backward pass does the same: the same sums,
rounded in another order. Base and low-rank matrices stay apart, so that bfloat16 loses no small step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
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
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        x, inner, weight, down, up = ctx.saved_tensors
        grad = grads[0].contiguous()
        grad_inner, grad_up = grad @ up, grad.t() @ inner
        if ctx.scale != 1:
            grad_inner.mul_(ctx.scale)
            grad_up.mul_(ctx.scale)
        grad_x = (grad @ weight).addmm_(grad_inner, down) if ctx.needs_input_grad[0] else None
        return grad_x, None, None, grad_inner.t() @ x, grad_up, None


@contextmanager
def fused(model: nn.Module, adapter: str) -> Iterator[None]:
    """Within it peft's layers around linear layers and 1x1 convolutions compute as above."""
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
        weight, bias, a, b = base.weight, base.bias, down.weight, up.weight
        autocasts = torch.is_autocast_enabled(x.device.type)
        if autocasts or not x.dtype == weight.dtype == a.dtype:
            x, weight, bias, a, b = _of_one_dtype(x, weight, bias, a, b)
        rows = x.reshape(-1, x.shape[-1])
        # Hundreds of layers in a step: what needs no context enters none.
        with torch.autocast(x.device.type, enabled=False) if autocasts else nullcontext():
            found: Tensor = _LowRank.apply(rows, weight.flatten(1), bias, a.flatten(1), b.flatten(1), scale)
        return found.view(*x.shape[:-1], -1)

    def convolution(x: Tensor) -> Tensor:
        # As a convolution lays it out: behind channels-last input every 3x3 convolution copies its weights, gigabytes on SD1.5.
        return linear(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2).contiguous()

    return convolution if is_convolution else linear


def _of_one_dtype(x: Tensor, *others: Tensor | None) -> tuple[Any, ...]:
    """All tensors in autocast's type where it is on, else in that of `x`."""
    kind = x.device.type
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype
    return tuple(None if tensor is None else tensor.to(dtype) for tensor in (x, *others))
