"""LoHa, LoKr, Tucker cores and DoRA: their reference formulas, folded, and half or broken ones refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor, nn

from models.errors import InputError
from models.lora.combine import sum_loras
from models.lora.file import LoraFile, open_lora
from models.lora.fold import Folded
from models.lora.key_spellings import split_key
from models.lora.layers.added import AddedLayer
from models.lora.methods import read_layer
from models.lora.sites import DENOISER
from models.program import Program
from models.testing.tiny import by_part, tiny_text_encoder, tiny_unet

OUT, IN, R = 8, 6, 3
CONVOLUTION = "down_blocks.1.resnets.0.conv1"


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(IN, OUT).requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.linear(x)
        return found


def parts(method: str, kernel: tuple[int, ...] = ()) -> dict[str, Tensor]:
    """Tensors of a layer (OUT, IN, *kernel) by the ends of their keys."""
    torch.manual_seed(5)
    size = kernel[0] * kernel[1] if kernel else 1
    shapes: dict[str, dict[str, tuple[int, ...]]] = {
        "LoHa": {"hada_w1_a": (OUT, R), "hada_w1_b": (R, IN * size), "hada_w2_a": (OUT, R), "hada_w2_b": (R, IN * size)},
        "LoHa, Tucker": {
            "hada_w1_a": (R, OUT), "hada_w1_b": (R, IN), "hada_t1": (R, R, *kernel),
            "hada_w2_a": (R, OUT), "hada_w2_b": (R, IN), "hada_t2": (R, R, *kernel),
        },
        "LoKr": {"lokr_w1": (4, 2), "lokr_w2_a": (OUT // 4, R), "lokr_w2_b": (R, IN // 2 * size)},
        "LoKr, both": {"lokr_w1_a": (4, R), "lokr_w1_b": (R, 2), "lokr_w2_a": (OUT // 4, R), "lokr_w2_b": (R, IN // 2 * size)},
        "LoKr, whole": {"lokr_w1": (4, 2), "lokr_w2": (OUT // 4, IN // 2, *kernel)},
        "LoKr, Tucker": {"lokr_w1": (4, 2), "lokr_w2_a": (R, OUT // 4), "lokr_w2_b": (R, IN // 2), "lokr_t2": (R, R, *kernel)},
        "LoCon, Tucker": {
            "lora_down.weight": (R, IN, 1, 1), "lora_mid.weight": (R, R, *kernel), "lora_up.weight": (OUT, R, 1, 1),
        },
    }  # fmt: skip
    return {end: torch.randn(shape) for end, shape in shapes[method].items()} | {"alpha": torch.tensor(1.5)}


def layer_of(tensors: dict[str, Tensor], shape: tuple[int, ...]) -> AddedLayer:
    keys = {f"x.{end}": tensor for end, tensor in tensors.items()}
    roles = {found[1]: key for key in keys if (found := split_key(key)) is not None}
    fitted = read_layer(Path("x"), roles, keys, None).fitted(shape)
    assert fitted is not None
    return fitted


def reference(method: str, t: dict[str, Tensor], shape: tuple[int, ...]) -> Tensor:
    """By the formulas of the papers, written with other operations than the product's."""
    scale = 1.5 / R

    def cored(core: Tensor, a: Tensor, b: Tensor) -> Tensor:
        return torch.einsum("pqkl,po,qi->oikl", core, a, b)

    if method == "LoHa":
        return scale * ((t["hada_w1_a"] @ t["hada_w1_b"]) * (t["hada_w2_a"] @ t["hada_w2_b"])).reshape(shape)
    if method == "LoHa, Tucker":
        return scale * cored(t["hada_t1"], t["hada_w1_a"], t["hada_w1_b"]) * cored(t["hada_t2"], t["hada_w2_a"], t["hada_w2_b"])
    if method == "LoCon, Tucker":
        x = torch.eye(IN)[:, :, None, None]
        row = nn.functional.conv2d(nn.functional.conv2d(x, t["lora_down.weight"]), t["lora_mid.weight"].flip(2, 3), padding=2)
        return scale * nn.functional.conv2d(row, t["lora_up.weight"]).transpose(0, 1)
    first = t["lokr_w1"] if "lokr_w1" in t else t["lokr_w1_a"] @ t["lokr_w1_b"]
    if method == "LoKr, Tucker":
        return scale * torch.kron(first[:, :, None, None], cored(t["lokr_t2"], t["lokr_w2_a"], t["lokr_w2_b"]).contiguous())
    if method == "LoKr, whole":
        second, scale = t["lokr_w2"], 1.0
        return torch.kron(first[(...,) + (None,) * (second.ndim - 2)], second)
    return scale * torch.kron(first, t["lokr_w2_a"] @ t["lokr_w2_b"]).reshape(shape)


FLAT = ("LoHa", "LoKr", "LoKr, both", "LoKr, whole")
CASES = [(m, ()) for m in FLAT] + [(m, (3, 3)) for m in (*FLAT, "LoHa, Tucker", "LoKr, Tucker", "LoCon, Tucker")]


@pytest.mark.parametrize(("method", "kernel"), CASES)
def test_adds_what_its_formula_says(method: str, kernel: tuple[int, ...]) -> None:
    shape = (OUT, IN, *kernel)
    tensors = parts(method, kernel)
    layer, wanted = layer_of(tensors, shape), reference(method, tensors, shape)
    assert torch.allclose(layer.delta(), wanted, atol=1e-5)
    changed = torch.ones(shape)
    layer.apply(changed, 0.7, "a1111")
    assert torch.allclose(changed, 1 + 0.7 * wanted, atol=1e-5)
    assert layer.fitted((OUT + 1, IN, *kernel)) is None


@pytest.mark.parametrize("method", ["LoHa", "LoKr", "DoRA"])
@given(w=st.floats(-1, 1.5), v=st.floats(-1, 1.5))
@settings(max_examples=15, deadline=None)
def test_folding_is_the_base_at_zero_and_adds_up(method: str, w: float, v: float) -> None:
    torch.manual_seed(0)
    net = Net()
    tensors = parts("LoHa" if method == "DoRA" else method) | (
        {"dora_scale": torch.rand(1, IN) + 0.5} if method == "DoRA" else {}
    )
    first, second = layer_of(tensors, (OUT, IN)), layer_of(parts("LoKr"), (OUT, IN))
    folded = Folded(net, {"a": {"linear": first}, "b": {"linear": second}})
    eye, before = torch.eye(IN), net(torch.eye(IN))
    with folded.at([{"a": 0.0, "b": 0.0}]):
        assert torch.equal(net(eye), before)
    with folded.at([{"a": w, "b": v}, {"a": 0.0, "b": v}]):
        found = net(torch.cat([eye, eye])).split(IN)
    weight = net.linear.weight.clone()
    first.apply(weight, w, "a1111")
    assert torch.allclose(found[0], nn.functional.linear(eye, weight + v * second.delta(), net.linear.bias), atol=1e-4)
    wanted = nn.functional.linear(eye, net.linear.weight + v * second.delta(), net.linear.bias)
    assert torch.allclose(found[1], wanted, atol=1e-4)
    assert torch.equal(net(eye), before)


@pytest.mark.parametrize("meaning", ["a1111", "comfyui"])
@pytest.mark.parametrize("rows", [False, True])
def test_a_dora_scales_to_its_magnitudes_as_each_program_means_it(meaning: Program, rows: bool) -> None:
    magnitude = torch.rand(*((OUT, 1) if rows else (1, IN))) + 0.5
    layer, weight = layer_of(parts("LoHa") | {"dora_scale": magnitude}, (OUT, IN)), torch.randn(OUT, IN)
    merged = weight + layer.delta()
    columns, before = merged.pow(2).sum(0, keepdim=True).sqrt(), weight.pow(2).sum(1, keepdim=True).sqrt()
    norm = before if rows and meaning == "comfyui" else columns
    changed = weight.clone()
    layer.apply(changed, 0.4, meaning)
    assert torch.allclose(changed, weight + 0.4 * (magnitude * merged / norm - weight), atol=1e-4)


def test_a_dora_as_peft_saves_it() -> None:
    magnitude = torch.rand(OUT) + 0.5
    tensors = {"lora_A.weight": torch.randn(R, IN), "lora_B.weight": torch.randn(OUT, R), "lora_magnitude_vector": magnitude}
    layer, weight = layer_of(tensors, (OUT, IN)), torch.randn(OUT, IN)
    merged = weight + tensors["lora_B.weight"] @ tensors["lora_A.weight"]
    changed = weight.clone()
    layer.apply(changed, 1.0, "comfyui")
    assert torch.allclose(changed, magnitude[:, None] * merged / merged.norm(dim=1, keepdim=True), atol=1e-5)


def test_the_order_of_loras_matters_where_a_dora_is_among_them() -> None:
    torch.manual_seed(0)
    net = Net()
    dora = {"linear": layer_of(parts("LoHa") | {"dora_scale": torch.rand(1, IN) + 0.5}, (OUT, IN))}
    other = {"linear": layer_of(parts("LoKr"), (OUT, IN))}
    found = []
    for loras in ({"a": dora, "b": other}, {"b": other, "a": dora}):
        weight = net.linear.weight.clone()
        for layers in loras.values():
            layers["linear"].apply(weight, 0.5, "a1111")
        with Folded(net, loras).at([{"a": 0.5, "b": 0.5}]):
            found.append(net(torch.eye(IN)))
        assert torch.allclose(found[-1], nn.functional.linear(torch.eye(IN), weight, net.linear.bias), atol=1e-5)
    assert not torch.allclose(found[0], found[1], atol=1e-2)


def test_overflowing_layers_are_named() -> None:
    net = Net().half()
    folded = Folded(net, {"a": {"linear": layer_of(parts("LoKr"), (OUT, IN))}})
    assert folded.overflows({"a": 1.0}) == []
    assert folded.overflows({"a": 1e6}) == ["linear"]


def opened(path: Path, tensors: dict[str, Tensor]) -> LoraFile:
    save_file({f"lora_unet_{CONVOLUTION.replace('.', '_')}.{end}": t.contiguous() for end, t in tensors.items()}, path)
    return open_lora(path, by_part(tiny_unet(), tiny_text_encoder()))


def test_a_file_of_a_loha_opens_and_is_not_summed(tmp_path: Path) -> None:
    out, wide = tiny_unet().get_parameter(f"{CONVOLUTION}.weight").shape[:2]
    shapes = {"a": (out, 2), "b": (2, wide * 9)}
    tensors = {f"hada_w{n}_{side}": torch.randn(shape) for n in (1, 2) for side, shape in shapes.items()}
    file = opened(tmp_path / "a.safetensors", tensors)
    assert file.layers[DENOISER][CONVOLUTION].method == "LoHa"
    assert not file.depends_on_order
    with pytest.raises(InputError, match="LoHa layers"):
        sum_loras({"a": file}, {"a": 1.0})
    short = opened(tmp_path / "d.safetensors", {**tensors, "dora_scale": torch.ones(1, wide, 1, 1)})
    assert short.depends_on_order
    with pytest.raises(InputError, match="are of another shape"):
        opened(tmp_path / "d.safetensors", {**tensors, "dora_scale": torch.ones(1, wide + 1, 1, 1)})


@pytest.mark.parametrize("method", ["LoHa", "LoKr", "LoKr, both", "LoHa, Tucker", "LoKr, Tucker", "LoCon, Tucker"])
def test_half_misshapen_and_broken_layers_are_one_line(method: str, tmp_path: Path) -> None:
    whole = parts(method, (3, 3))
    for end in (end for end in whole if end != "alpha"):
        rank_0 = {**whole, end: whole[end][:0]}
        wrong = {**whole, end: torch.randn(*(size + 1 for size in whole[end].shape))}
        for broken in (
            {key: t for key, t in whole.items() if key != end} if end != "lora_mid.weight" else rank_0,
            {**whole, end: whole[end] * float("nan")},
            {**whole, end: whole[end].long()},
            rank_0,
            wrong,
        ):
            with pytest.raises(InputError) as error:
                opened(tmp_path / "a.safetensors", broken)
            assert "\n" not in str(error.value)
