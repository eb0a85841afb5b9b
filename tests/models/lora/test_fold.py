"""Folding LoRAs: exact at zero, additive, each image of a batch at its own weights, and the base is never written."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from models.lora.fold import Folded
from models.lora.layers.lora import LoraLayer

weights = st.floats(0, 1.5, allow_nan=False).map(lambda w: round(w, 3))
vectors = st.fixed_dictionaries({"a": weights, "b": weights})


class Net(nn.Module):
    """Every kind of layer that LoRAs touch, and one that none does."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 5, 3, padding=1, stride=2)
        self.shortcut = nn.Conv2d(5, 6, 1, bias=False)
        self.linear = nn.Linear(6, 4)
        self.untouched = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, h, w) to (N, tokens, 4)."""
        hidden = self.shortcut(self.conv(x)).flatten(2).transpose(1, 2)
        found: Tensor = self.untouched(self.linear(hidden))
        return found


def model() -> Net:
    torch.manual_seed(0)
    return Net().requires_grad_(False)


def loras() -> dict[str, dict[str, LoraLayer]]:
    torch.manual_seed(1)
    linear = LoraLayer(torch.randn(2, 6), torch.randn(4, 2), alpha=1.0)
    conv = LoraLayer(torch.randn(2, 3, 3, 3), torch.randn(5, 2, 1, 1), alpha=2.0)
    shortcut = LoraLayer(torch.randn(2, 5, 1, 1), torch.randn(6, 2, 1, 1), alpha=0.5)
    other = LoraLayer(torch.randn(3, 6).half(), torch.randn(4, 3).half(), alpha=3.0)
    return {"a": {"linear": linear, "conv": conv, "shortcut": shortcut}, "b": {"linear": other}}


def pictures(count: int, rows: int = 2) -> Tensor:
    return torch.randn(count * rows, 3, 6, 4, generator=torch.Generator().manual_seed(2))


def by_hand(chosen: dict[str, float], x: Tensor) -> Tensor:
    """The output of the net when the LoRAs are added to its weights themselves."""
    net, layers_of = model(), loras()
    for name, weight in chosen.items():
        for path, layer in layers_of[name].items():
            net.get_parameter(f"{path}.weight").add_(weight * layer.delta())
    found: Tensor = net(x)
    return found


def drawn(net: nn.Module, folded: Folded, chosen: Sequence[dict[str, float]], x: Tensor) -> Tensor:
    with folded.at(chosen):
        found: Tensor = net(x)
    return found


@given(st.lists(vectors, min_size=1, max_size=4))
@settings(max_examples=40, deadline=None)
def test_each_image_is_drawn_with_its_own_weights(chosen: list[dict[str, float]]) -> None:
    net, x = model(), pictures(len(chosen))
    together = drawn(net, Folded(net, loras()), chosen, x)
    for row, one in enumerate(chosen):
        mine = slice(2 * row, 2 * row + 2)
        assert torch.allclose(together[mine], by_hand(one, x[mine]), atol=1e-4)


@given(st.lists(st.lists(vectors, min_size=1, max_size=3), max_size=5))
@settings(max_examples=30, deadline=None)
def test_the_model_is_bit_for_bit_itself_after_any_changes(changes: list[list[dict[str, float]]]) -> None:
    net, x = model(), pictures(1)
    weights_before, before = {k: v.clone() for k, v in net.state_dict().items()}, net(x)
    folded = Folded(net, loras())
    for change in changes:
        drawn(net, folded, change, pictures(len(change)))
    assert all(torch.equal(weights_before[k], v) for k, v in net.state_dict().items())
    assert torch.equal(net(x), before)
    assert torch.equal(drawn(net, folded, [{"a": 0.0}], x), before)


@given(vectors, vectors)
@settings(max_examples=20, deadline=None)
def test_the_way_to_a_weight_and_the_order_of_loras_do_not_matter(one: dict[str, float], other: dict[str, float]) -> None:
    x = pictures(1)
    first, second = model(), model()
    direct = drawn(first, Folded(first, loras()), [one], x)
    roundabout = Folded(second, dict(reversed(list(loras().items()))))
    drawn(second, roundabout, [other, one, other], pictures(3))
    drawn(second, roundabout, [one, other], pictures(2))
    assert torch.equal(drawn(second, roundabout, [dict(reversed(list(one.items())))], x), direct)


def test_two_foldings_of_one_model_do_not_meet() -> None:
    net, x, held = model(), pictures(1), loras()
    first, second = Folded(net, {"a": held["a"]}), Folded(net, {"b": held["b"]})
    alone = drawn(net, first, [{"a": 0.7}], x)
    drawn(net, second, [{"b": 1.0}], x)
    assert torch.equal(drawn(net, first, [{"a": 0.7}], x), alone)


def test_a_failure_while_drawing_leaves_the_model_undressed() -> None:
    net, x = model(), pictures(1)
    before = net(x)
    folded = Folded(net, loras())
    with pytest.raises(RuntimeError), folded.at([{"a": 1.0}]):
        net(torch.zeros(1, 7, 6, 4))
    assert torch.equal(net(x), before)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_is_cast_once_from_float32(dtype: torch.dtype) -> None:
    net, held = model().to(dtype), loras()
    pristine = net.linear.weight.clone()
    wanted = (pristine.float() + 0.5 * held["a"]["linear"].delta()).to(dtype)
    with Folded(net, held).at([{"a": 0.5}]):
        x = torch.eye(6, dtype=dtype)
        assert torch.equal(net.linear(x) - net.linear(torch.zeros_like(x)), (x @ wanted.T + net.linear.bias) - net.linear.bias)


def test_memory_is_one_copy_of_the_touched_layers_for_each_different_weight_vector() -> None:
    net = model()
    folded = Folded(net, loras())
    assert folded.copy_bytes == 4 * (5 * 3 * 9 + 6 * 5 + 4 * 6)
    drawn(net, folded, [{"a": 0.5}] * 3, pictures(3))
    assert held_bytes(folded) == folded.copy_bytes
    drawn(net, folded, [{"a": 0.5}, {"b": 0.5}], pictures(2))
    assert held_bytes(folded) == 2 * folded.copy_bytes
    folded.release()
    assert held_bytes(folded) == 0


def test_a_compiled_model_is_compiled_once_for_all_weights() -> None:
    torch.compiler.reset()
    net, x = model(), pictures(1)
    graphs = 0

    def counted(graph: torch.fx.GraphModule, _: list[Tensor]) -> torch.fx.GraphModule:
        nonlocal graphs
        graphs += 1
        return graph

    folded = Folded(net, loras())
    compiled = torch.compile(net, backend=counted)
    wanted = [by_hand({"a": weight, "b": 0.5}, x) for weight in (0.2, 0.9)]
    with torch.no_grad():
        found = []
        for weight in (0.2, 0.9):
            with folded.at([{"a": weight, "b": 0.5}]):
                found.append(compiled(x))
    assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(found, wanted, strict=True))
    assert graphs == 1
    assert torch.equal(compiled(x), net(x))


def held_bytes(folded: Folded) -> int:
    return sum(one.copies.nbytes for one in folded._parameters if one.copies is not None)
