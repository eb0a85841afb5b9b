"""Folding LoRAs: exact at zero, additive, and the base is itself again after any number of changes."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from models.lora import LoraLayer
from optimizer.fold import Folded

weights = st.floats(0, 1.5, allow_nan=False).map(lambda w: round(w, 3))


def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 4), nn.Conv2d(3, 5, 3), nn.Linear(4, 4))


def loras() -> dict[str, dict[str, LoraLayer]]:
    torch.manual_seed(1)
    linear = LoraLayer(torch.randn(2, 6), torch.randn(4, 2), alpha=1.0)
    conv = LoraLayer(torch.randn(2, 3, 3, 3), torch.randn(5, 2, 1, 1), alpha=2.0)
    return {"a": {"0": linear, "1": conv}, "b": {"0": LoraLayer(torch.randn(3, 6), torch.randn(4, 3), alpha=3.0)}}


def test_adds_the_scaled_products_to_the_weights() -> None:
    net, held = model(), loras()
    pristine = net[0].weight.detach().clone()
    Folded(net, held).set({"a": 0.5, "b": 0.25})
    wanted = pristine + 0.5 * held["a"]["0"].delta() + 0.25 * held["b"]["0"].delta()
    assert torch.allclose(net[0].weight, wanted, atol=1e-6)


@given(st.lists(st.fixed_dictionaries({"a": weights, "b": weights}), max_size=6))
@settings(max_examples=30, deadline=None)
def test_is_bit_for_bit_itself_at_zero_after_any_changes(changes: list[dict[str, float]]) -> None:
    net = model()
    before = {k: v.clone() for k, v in net.state_dict().items()}
    folded = Folded(net, loras())
    for change in changes:
        folded.set(change)
    folded.set({})
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items())


@given(weights, weights)
@settings(max_examples=20, deadline=None)
def test_the_way_to_a_weight_and_the_order_of_loras_do_not_matter(a: float, b: float) -> None:
    first, second = model(), model()
    direct = Folded(first, loras())
    direct.set({"a": a, "b": b})
    roundabout = Folded(second, dict(reversed(list(loras().items()))))
    roundabout.set({"b": 1.0})
    roundabout.set({"b": b, "a": a})
    assert all(torch.equal(p, q) for p, q in zip(first.parameters(), second.parameters(), strict=True))


def test_untouched_layers_are_never_copied_or_changed() -> None:
    net = model()
    before = net[2].weight.detach().clone()
    Folded(net, loras()).set({"a": 1.0})
    assert torch.equal(net[2].weight, before)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_is_cast_once_from_float32(dtype: torch.dtype) -> None:
    net = model().to(dtype)
    pristine = net[0].weight.detach().clone()
    held = loras()
    Folded(net, held).set({"a": 0.5})
    assert torch.equal(net[0].weight, (pristine.float() + 0.5 * held["a"]["0"].delta()).to(dtype))
