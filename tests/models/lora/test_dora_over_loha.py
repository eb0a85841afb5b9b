"""DoRA over LoHa over the model's own weight, which is written in one pass over memory, beside the formula itself."""

from __future__ import annotations

import pytest
import torch

from models.lora.layers.dora import DoraLayer
from models.lora.layers.loha import LohaLayer
from models.program import Program

OUT, IN, RANK = 150, 12, 3


def layer(kernel: tuple[int, ...], by_output: bool, *, cores: bool = False) -> DoraLayer:
    torch.manual_seed(len(kernel) + by_output)
    if cores:
        parts = [(torch.randn(RANK, OUT), torch.randn(RANK, IN), torch.randn(RANK, RANK, *kernel)) for _ in range(2)]
        inner = LohaLayer(parts[0], parts[1], 2.0, (OUT, IN, *kernel))
    else:
        wide = IN * (kernel[0] * kernel[1] if kernel else 1)
        pairs = [(torch.randn(OUT, RANK), torch.randn(RANK, wide)) for _ in range(2)]
        inner = LohaLayer(pairs[0], pairs[1], 2.0, (OUT, wide))
    size = (OUT, 1) if by_output else (1, IN)
    fitted = DoraLayer(inner, torch.rand(*size, *(1,) * len(kernel)) + 0.5).fitted((OUT, IN, *kernel))
    assert fitted is not None
    return fitted


@pytest.mark.parametrize("meaning", ["a1111", "comfyui"])
@pytest.mark.parametrize("by_output", [False, True])
@pytest.mark.parametrize(("kernel", "cores"), [((), False), ((1, 1), False), ((3, 3), False), ((3, 3), True)])
def test_what_is_written_is_the_formula(kernel: tuple[int, ...], cores: bool, by_output: bool, meaning: Program) -> None:
    """W + w (f (W + dW) - W), rows beyond the first block of them too."""
    dora, before = layer(kernel, by_output, cores=cores), torch.randn(OUT, IN, *kernel)
    for weight in (1.0, 0.37, -0.5):
        factor, out = dora.factor(before, meaning), torch.empty_like(before)
        dora.write_by(before, out, factor, weight, meaning)
        wanted = before + weight * (factor * (before + dora.delta()) - before)
        torch.testing.assert_close(out, wanted, atol=1e-5, rtol=1e-5)
        changed = before.clone()
        dora.apply(changed, weight, meaning)
        torch.testing.assert_close(out, changed, atol=1e-5, rtol=1e-5)
