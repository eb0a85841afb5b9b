"""The layout and the values of trainable low-rank layers' results."""

from __future__ import annotations

import pytest
import torch
from peft import LoraConfig
from peft.tuners.lora import LoraModel
from torch import Tensor, nn

from trainers.train.layers.fused_lora import fused


class Pair(nn.Module):
    """A convolution of one pixel before one of nine, as at the end of an attention block."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Conv2d(4, 6, 1)
        self.outer = nn.Conv2d(6, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.outer(self.inner(x))
        return found


@pytest.fixture
def model() -> Pair:
    pair = Pair().requires_grad_(False)
    LoraModel(pair, LoraConfig(r=2, target_modules=["inner"], init_lora_weights=False), "default")
    return pair


def test_a_convolution_of_one_pixel_keeps_the_layout_of_a_convolution(model: Pair) -> None:
    with fused(model, "default"):
        assert model.inner(torch.randn(2, 4, 8, 8)).is_contiguous(), "else the next convolution copies its weights in every step"


def test_it_computes_what_peft_computes(model: Pair) -> None:
    x = torch.randn(2, 4, 8, 8, requires_grad=True)
    weights = [p for p in model.parameters() if p.requires_grad]
    expected = model(x)
    gradients = torch.autograd.grad(expected.square().sum(), [x, *weights])
    with fused(model, "default"):
        found = model(x)
        assert torch.allclose(found, expected, atol=1e-5)
        for ours, theirs in zip(torch.autograd.grad(found.square().sum(), [x, *weights]), gradients, strict=True):
            assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-4)
