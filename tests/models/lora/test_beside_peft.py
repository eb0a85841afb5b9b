"""LoHa, LoKr and DoRA beside peft's own layers: what each adds to the same weight, to 1e-5 in float32."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models.lora.key_spellings import split_keys
from models.lora.layers.added import AddedLayer
from models.lora.methods import read_layer

OUT, IN, R = 12, 8, 4
WEIGHTS = (1.0, 0.37, -0.5)


class Net(nn.Module):
    def __init__(self, kernel: int) -> None:
        super().__init__()
        self.x: nn.Module = nn.Conv2d(IN, OUT, kernel) if kernel else nn.Linear(IN, OUT)


def adapted(config: Any, kernel: int) -> Any:
    """peft's layer over a random one, all of its own numbers random."""
    from peft import inject_adapter_in_model

    torch.manual_seed(5)
    made: Any = inject_adapter_in_model(config, Net(kernel)).x
    for name, parameter in made.named_parameters():
        if "base_layer" not in name:
            parameter.data = torch.randn_like(parameter) * 0.3
    return made.requires_grad_(False)


def layer_of(tensors: dict[str, Tensor], shape: torch.Size) -> AddedLayer:
    keys = {f"x.{end}": tensor for end, tensor in tensors.items()}
    roles = {parts[1]: key for key, parts in split_keys(list(keys)).items() if parts is not None}
    fitted = read_layer(Path("x"), roles, keys, None).fitted(tuple(shape))
    assert fitted is not None
    return fitted


def apart(theirs: Any, layer: AddedLayer) -> float:
    """The largest difference between the weights that peft merges and those that are folded here, at three weights."""
    own = theirs.get_base_layer().weight.clone()
    found = []
    for weight in WEIGHTS:
        changed = own.clone()
        layer.apply(changed, weight, "a1111")
        # peft scales its own update: its weight is the LoRA's where the update is linear in it.
        found.append(float((changed - own - weight * theirs.get_delta_weight("default")).abs().max()))
    return max(found)


@pytest.mark.parametrize("kernel", [0, 3])
def test_loha(kernel: int) -> None:
    from peft import LoHaConfig

    theirs = adapted(LoHaConfig(r=R, alpha=6, target_modules=["x"], use_effective_conv2d=False), kernel)
    names = ("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b")
    tensors = {name: getattr(theirs, name)["default"].data for name in names} | {"alpha": torch.tensor(6.0)}
    assert apart(theirs, layer_of(tensors, theirs.get_base_layer().weight.shape)) < 1e-5


def test_loha_with_tucker_cores() -> None:
    from peft import LoHaConfig

    theirs = adapted(LoHaConfig(r=R, alpha=6, target_modules=["x"], use_effective_conv2d=True), 3)
    names = ("hada_w1_a", "hada_w1_b", "hada_t1", "hada_w2_a", "hada_w2_b", "hada_t2")
    tensors = {name: getattr(theirs, name)["default"].data for name in names} | {"alpha": torch.tensor(6.0)}
    assert apart(theirs, layer_of(tensors, theirs.get_base_layer().weight.shape)) < 1e-5


@pytest.mark.parametrize("kernel", [0, 3])
@pytest.mark.parametrize("both", [False, True])
def test_lokr(kernel: int, both: bool) -> None:
    from peft import LoKrConfig

    config = LoKrConfig(r=2, alpha=3, target_modules=["x"], decompose_both=both, decompose_factor=2, use_effective_conv2d=False)
    theirs = adapted(config, kernel)
    names = ("lokr_w1", "lokr_w1_a", "lokr_w1_b", "lokr_w2", "lokr_w2_a", "lokr_w2_b")
    tensors = {name: getattr(theirs, name)["default"].data for name in names if "default" in getattr(theirs, name)}
    layer = layer_of({**tensors, "alpha": torch.tensor(3.0)}, theirs.get_base_layer().weight.shape)
    # Where both factors are whole LyCORIS, A1111 and ComfyUI pass over alpha, and peft does not.
    if {"lokr_w1", "lokr_w2"} <= tensors.keys():
        pytest.skip("peft scales whole factors, other programs do not")
    assert apart(theirs, layer) < 1e-5


def test_lokr_with_a_tucker_core() -> None:
    from peft import LoKrConfig

    config = LoKrConfig(r=2, alpha=3, target_modules=["x"], decompose_factor=2, use_effective_conv2d=True)
    theirs = adapted(config, 3)
    names = ("lokr_w1", "lokr_w2_a", "lokr_w2_b", "lokr_t2")
    tensors = {name: getattr(theirs, name)["default"].data for name in names} | {"alpha": torch.tensor(3.0)}
    assert apart(theirs, layer_of(tensors, theirs.get_base_layer().weight.shape)) < 1e-5


@pytest.mark.parametrize("kernel", [0, 3])
def test_dora_as_peft_saves_and_merges_it(kernel: int) -> None:
    from peft import LoraConfig

    theirs = adapted(LoraConfig(r=R, lora_alpha=6, target_modules=["x"], use_dora=True), kernel)
    magnitude = theirs.lora_magnitude_vector["default"].weight.data
    tensors = {
        "lora_A.weight": theirs.lora_A["default"].weight.data,
        "lora_B.weight": theirs.lora_B["default"].weight.data,
        "lora_magnitude_vector": magnitude,
        "alpha": torch.tensor(6.0),
    }
    own = theirs.get_base_layer().weight.clone()
    changed = own.clone()
    layer_of(tensors, own.shape).apply(changed, 1.0, "a1111")
    theirs.merge()
    assert float((changed - theirs.get_base_layer().weight).abs().max()) < 1e-5
