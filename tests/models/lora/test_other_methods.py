"""Full differences, (IA)3, OFT, BOFT and GLoRA: as A1111 and ComfyUI mean them at any weight, folded, and broken ones refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from models.errors import InputError
from models.lora.combine import sum_loras, write_sum
from models.lora.file import LoraFile, open_lora
from models.lora.fold import Folded
from models.lora.key_spellings import split_keys
from models.lora.layers.added import AddedLayer, Written, is_linear
from models.lora.methods import read_layer
from models.lora.sites import DENOISER, TEXT
from models.program import Program
from models.testing.tiny import by_part, tiny_text_encoder, tiny_unet

OUT, IN, R = 8, 6, 3
CONVOLUTION = "down_blocks.1.resnets.0.conv1"
NORM = "down_blocks.1.resnets.0.norm1"
PROGRAMS: tuple[Program, ...] = ("a1111", "comfyui")
W = 0.37


def layer_of(tensors: dict[str, Tensor], shape: tuple[int, ...]) -> AddedLayer:
    keys = {f"x.{end}": tensor for end, tensor in tensors.items()}
    roles = {parts[1]: key for key, parts in split_keys(list(keys)).items() if parts is not None}
    fitted = read_layer(Path("x"), roles, keys, None).fitted(shape)
    assert fitted is not None
    return fitted


def applied(layer: AddedLayer, own: Tensor, weight: float, meaning: Program = "a1111") -> Tensor:
    changed = own.clone()
    layer.apply(changed, weight, meaning)
    return changed


def on_diagonal(blocks: Tensor) -> Tensor:
    """(n, b, b) as one matrix (n * b, n * b)."""
    count, size = blocks.shape[:2]
    found = torch.zeros(count, size, count, size)
    for number, block in enumerate(blocks):
        found[number, :, number] = block
    return found.view(count * size, -1)


def turned(blocks: Tensor) -> Tensor:
    """The dense rotation (out, out) of OFT's blocks, by the inverse."""
    q = blocks - blocks.transpose(-1, -2)
    one = torch.eye(q.shape[-1])
    return on_diagonal((one + q) @ torch.linalg.inv(one - q))


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(3)


@pytest.mark.parametrize("kernel", [(), (3, 3)])
def test_a_full_difference_is_added(kernel: tuple[int, ...]) -> None:
    diff, own = torch.randn(OUT, IN, *kernel), torch.randn(OUT, IN, *kernel)
    layer = layer_of({"diff": diff}, own.shape)
    assert torch.allclose(applied(layer, own, W), own + W * diff)
    assert layer.fitted((OUT, IN + 1, *kernel)) is None
    assert is_linear(layer)


@pytest.mark.parametrize("kernel", [(), (3, 3)])
@pytest.mark.parametrize("of_input", [False, True])
def test_ia3_scales_channels(kernel: tuple[int, ...], of_input: bool) -> None:
    own = torch.randn(OUT, IN, *kernel)
    count = IN if of_input else OUT
    scales = torch.randn(1, count, 1, 1) if kernel else torch.randn(count)
    layer = layer_of({"weight": scales, "on_input": torch.tensor(int(of_input))}, own.shape)
    sizes = (1, count, *(1 for _ in kernel)) if of_input else (count, 1, *(1 for _ in kernel))
    assert torch.allclose(applied(layer, own, W), own * (1 + W * scales.reshape(sizes)))
    assert not is_linear(layer)


@pytest.mark.parametrize("kernel", [(), (3, 3)])
@pytest.mark.parametrize("meaning", PROGRAMS)
def test_oft_turns_outputs_as_each_program_means_it(meaning: Program, kernel: tuple[int, ...]) -> None:
    blocks, own, rescale = torch.randn(2, 4, 4), torch.randn(OUT, IN, *kernel), torch.rand(OUT) + 0.5
    whole = (turned(blocks).T @ own.flatten(1)).view_as(own)
    share = W if meaning == "a1111" else W**2
    assert torch.allclose(
        applied(layer_of({"oft_blocks": blocks}, own.shape), own, W, meaning), own + share * (whole - own), atol=1e-5
    )
    scaled = whole * rescale.view(OUT, 1, *(1 for _ in kernel)) if meaning == "a1111" else whole
    found = applied(layer_of({"oft_blocks": blocks, "rescale": rescale[:, None]}, own.shape), own, W, meaning)
    assert torch.allclose(found, own + share * (scaled - own), atol=1e-5)


def test_an_oft_of_old_lycoris_has_its_rotations() -> None:
    turns = torch.linalg.qr(torch.randn(2, 4, 4))[0]
    own = torch.randn(OUT, IN)
    found = applied(layer_of({"oft_diag": turns}, own.shape), own, W)
    assert torch.allclose(found, own + W * (on_diagonal(turns).T @ own - own), atol=1e-5)


@pytest.mark.parametrize("meaning", PROGRAMS)
def test_alpha_constrains_a_rotation_by_the_outputs_or_not(meaning: Program) -> None:
    blocks, own = torch.randn(2, 4, 4), torch.randn(OUT, IN)
    limit = 0.01 * OUT if meaning == "a1111" else 0.01
    length = (blocks - blocks.transpose(1, 2)).norm()
    constrained = applied(layer_of({"oft_blocks": blocks, "alpha": torch.tensor(0.01)}, own.shape), own, 1.0, meaning)
    shortened = applied(layer_of({"oft_blocks": blocks * (limit / length)}, own.shape), own, 1.0, meaning)
    free = applied(layer_of({"oft_blocks": blocks, "alpha": torch.tensor(0.0)}, own.shape), own, 1.0, meaning)
    assert torch.allclose(constrained, shortened, atol=1e-5)
    assert torch.allclose(free, turned(blocks).T @ own, atol=1e-5)


@pytest.mark.parametrize("meaning", PROGRAMS)
def test_boft_turns_in_a_butterfly(meaning: Program) -> None:
    blocks, own = torch.randn(2, 4, 2, 2), torch.randn(OUT, IN)
    found = applied(layer_of({"oft_blocks": blocks}, own.shape), own, W, meaning)
    whole = own
    for number, stage in enumerate(blocks):
        turn = turned(stage) if meaning == "a1111" else W * turned(stage) + (1 - W) * torch.eye(OUT)
        # Row j of the mixed order is row order[j]: pairs that lie 2^number apart come next to each other.
        apart = 2**number
        order = torch.arange(OUT).view(-1, 2, apart).transpose(1, 2).flatten()
        back = torch.empty_like(order)
        back[order] = torch.arange(OUT)
        whole = (turn @ whole[order])[back]
    assert torch.allclose(found, own + W * (whole - own), atol=1e-5)


@pytest.mark.parametrize("meaning", PROGRAMS)
@pytest.mark.parametrize("rescaled", [False, True])
def test_boft_stage_by_stage_is_boft_by_groups(meaning: Program, rescaled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks, own = torch.randn(3, 8, 4, 4), torch.randn(32, IN)
    tensors = {"oft_blocks": blocks, "alpha": torch.tensor(0.02)} | ({"rescale": torch.rand(32, 1) + 0.5} if rescaled else {})
    by_groups = layer_of(tensors, own.shape)
    whole = applied(by_groups, own, W, meaning)
    assert isinstance(by_groups, Written)
    into = torch.empty_like(own)
    by_groups.write(own, into, W, meaning)
    assert torch.allclose(into, whole, atol=1e-5)
    monkeypatch.setattr("models.lora.layers.boft.WIDEST", 1)
    staged = layer_of(tensors, own.shape)
    assert torch.allclose(applied(staged, own, W, meaning), whole, atol=1e-5)


@pytest.mark.parametrize("kernel", [(), (3, 3)])
@pytest.mark.parametrize("method", ["OFT", "GLoRA"])
def test_what_is_written_elsewhere_is_what_is_changed_in_place(method: str, kernel: tuple[int, ...]) -> None:
    ones = tuple(1 for _ in kernel)
    glora = {"a1": (IN, R, *ones), "a2": (R, IN, *ones), "b1": (OUT, R, *ones), "b2": (R, IN, *kernel)}
    shapes = {"oft_blocks": (2, 4, 4)} if method == "OFT" else {f"{name}.weight": shape for name, shape in glora.items()}
    own = torch.randn(OUT, IN, *kernel)
    layer = layer_of({name: torch.randn(shape) for name, shape in shapes.items()}, own.shape)
    assert isinstance(layer, Written)
    before, into = own.clone(), torch.empty_like(own)
    layer.write(own, into, W, "a1111")
    assert torch.allclose(into, applied(layer, own, W), atol=1e-5)
    assert torch.equal(own, before)


@pytest.mark.parametrize("meaning", PROGRAMS)
def test_glora_adds_what_depends_on_the_weight_and_what_does_not(meaning: Program) -> None:
    a, b = (torch.randn(IN, R), torch.randn(R, IN)), (torch.randn(OUT, R), torch.randn(R, IN))
    own, scale = torch.randn(OUT, IN), 1.5 / R
    whole = own @ a[0] @ a[1] + b[0] @ b[1]
    new = {"a1.weight": a[0], "a2.weight": a[1], "b1.weight": b[0], "b2.weight": b[1], "alpha": torch.tensor(1.5)}
    assert torch.allclose(applied(layer_of(new, own.shape), own, W, meaning), own + W * scale * whole, atol=1e-5)
    old = {"a1.weight": a[1], "a2.weight": a[0], "b1.weight": b[1], "b2.weight": b[0], "alpha": torch.tensor(1.5)}
    scale = 1.0 if meaning == "a1111" else scale
    assert torch.allclose(applied(layer_of(old, own.shape), own, W, meaning), own + W * scale * whole, atol=1e-5)


def test_glora_of_a_convolution_mixes_its_inputs_at_each_place_of_the_kernel() -> None:
    a, own = (torch.randn(IN, R), torch.randn(R, IN)), torch.randn(OUT, IN, 3, 3)
    up, down = torch.randn(OUT, R, 1, 1), torch.randn(R, IN, 3, 3)
    tensors = {"a1.weight": a[0][:, :, None, None], "a2.weight": a[1][:, :, None, None], "b1.weight": up, "b2.weight": down}
    mixed = torch.einsum("oikl,ij->ojkl", own, a[0] @ a[1])
    wanted = own + W * (mixed + (up.flatten(1) @ down.flatten(1)).view_as(own))
    assert torch.allclose(applied(layer_of(tensors, own.shape), own, W), wanted, atol=1e-5)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 8, 1).requires_grad_(False)
        self.group = nn.GroupNorm(2, 8).requires_grad_(False)
        self.layer = nn.LayerNorm(8).requires_grad_(False)
        self.linear = nn.Linear(8, 8).requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 4, h, w) to (N, tokens, 8)."""
        found: Tensor = self.linear(self.layer(self.group(self.conv(x)).flatten(2).transpose(1, 2)))
        return found


def test_biases_and_norms_are_folded_for_each_image_and_the_model_stays_itself() -> None:
    net, x = Net(), torch.randn(4, 4, 3, 3)
    places = ("conv.bias", "group", "group.bias", "layer", "linear", "linear.bias")
    shapes = {place: net.get_parameter(place if place.endswith(".bias") else f"{place}.weight").shape for place in places}
    layers = {place: layer_of({"diff": torch.randn(shape)}, tuple(shape)) for place, shape in shapes.items()}
    before = net(x)
    folded = Folded(net, {"a": layers})
    with folded.at([{"a": 0.5}, {"a": -1.0}]):
        together = net(x)
    alone = []
    for weight, rows in ((0.5, x[:2]), (-1.0, x[2:])):
        with folded.at([{"a": weight}]):
            alone.append(net(rows))
    assert torch.allclose(together, torch.cat(alone), atol=1e-5)
    assert torch.equal(net(x), before)
    other = Net()
    other.load_state_dict(net.state_dict())
    for place, layer in layers.items():
        other.get_parameter(place if place.endswith(".bias") else f"{place}.weight").add_(0.5 * layer.delta())
    assert torch.allclose(other(x[:2]), alone[0], atol=1e-5)


def opened(path: Path, tensors: dict[str, Tensor], stem: str = CONVOLUTION) -> LoraFile:
    flat = stem.replace(".", "_")
    save_file({f"lora_unet_{flat}.{end}": t.contiguous() for end, t in tensors.items()}, path)
    return open_lora(path, by_part(tiny_unet(), tiny_text_encoder()))


def test_a_file_of_differences_reaches_biases_and_norms(tmp_path: Path) -> None:
    shape = tiny_unet().get_parameter(f"{CONVOLUTION}.weight").shape
    found = opened(tmp_path / "a.safetensors", {"diff": torch.randn(shape), "diff_b": torch.randn(shape[0])})
    assert set(found.layers[DENOISER]) == {CONVOLUTION, f"{CONVOLUTION}.bias"}
    assert not found.depends_on_order
    wide = tiny_unet().get_parameter(f"{NORM}.weight").shape
    found = opened(tmp_path / "a.safetensors", {"w_norm": torch.randn(wide), "b_norm": torch.randn(wide)}, NORM)
    assert set(found.layers[DENOISER]) == {NORM, f"{NORM}.bias"}
    low = {"lora_down.weight": torch.randn(2, *shape[1:]), "lora_up.weight": torch.randn(shape[0], 2, 1, 1)}
    found = opened(tmp_path / "a.safetensors", {**low, "diff_b": torch.randn(shape[0])})

    assert {layer.method for layer in found.layers[DENOISER].values()} == {"full difference", "LoRA"}


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        ({"diff": torch.ones(3, 3)}, "3x3 where the base has"),
        ({"diff_b": torch.ones(3)}, "3 where the base has 16"),
        ({"diff": torch.full((16, 8, 3, 3), float("nan"))}, "NaN"),
        ({"diff": torch.ones(16, 8, 3, 3).long()}, "floating-point"),
        ({"weight": torch.ones(16)}, "not a LoRA"),
        ({"on_input": torch.tensor(0)}, "lacks channel_scales"),
        ({"weight": torch.ones(15), "on_input": torch.tensor(0)}, "15 where the base has"),
        ({"weight": torch.ones(4, 4), "on_input": torch.tensor(0)}, "one scale for each channel"),
        ({"weight": torch.ones(16), "on_input": torch.tensor(7)}, "which side"),
        ({"oft_blocks": torch.ones(4, 4)}, "no square blocks"),
        ({"oft_blocks": torch.ones(4, 4, 3)}, "no square blocks"),
        ({"oft_blocks": torch.ones(3, 4, 4)}, "12 where the base has"),
        ({"oft_blocks": torch.full((4, 4, 4), float("inf"))}, "NaN or infinity"),
        ({"oft_blocks": torch.ones(4, 4, 4), "rescale": torch.ones(3)}, "3 scales"),
        ({"oft_blocks": torch.ones(9, 4, 4, 4)}, "does not go with"),
        ({"rescale": torch.ones(16)}, "lacks its blocks"),
        ({"oft_blocks": torch.ones(4, 4, 4), "dora_scale": torch.ones(16, 1)}, "magnitudes over OFT"),
        ({"a1.weight": torch.ones(8, 2)}, "lacks glora_a2"),
        (
            {end: torch.ones(size) for end, size in (
                ("a1.weight", (8, 2)), ("a2.weight", (3, 8)), ("b1.weight", (16, 2)), ("b2.weight", (2, 72)),
            )},
            "does not go with",
        ),
        ({"diff": torch.ones(16, 8, 3, 3), "oft_blocks": torch.ones(4, 4, 4)}, "two methods"),
    ],
)  # fmt: skip
def test_broken_ones_are_one_line(tensors: dict[str, Tensor], words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words) as error:
        opened(tmp_path / "a.safetensors", tensors)
    assert "\n" not in str(error.value)


def test_a_bias_where_the_base_has_none_is_named(tmp_path: Path) -> None:
    query = "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q"
    with pytest.raises(InputError, match="a bias where the base has none"):
        opened(tmp_path / "a.safetensors", {"diff_b": torch.ones(16)}, query)


def test_a_few_layers_that_match_nothing_are_told_and_more_are_refused(tmp_path: Path) -> None:
    unet = tiny_unet()
    places = [name for name, layer in unet.named_modules() if isinstance(layer, nn.Linear)][:18]
    tensors = {f"lora_unet_{p.replace('.', '_')}.diff": torch.ones(unet.get_parameter(f"{p}.weight").shape) for p in places}
    tensors["lora_te_text_projection.diff"] = torch.ones(4, 4)
    path = tmp_path / "a.safetensors"
    save_file(tensors, path)
    found = open_lora(path, by_part(unet, tiny_text_encoder()))
    assert len(found.layers[DENOISER]) == 18
    assert found.layers[TEXT] == {}
    assert any("18 of its 19 layers match this base; 'lora_te_text_projection' is none of it" in note for note in found.notes)
    save_file(tensors | {f"lora_te_other_{n}.diff": torch.ones(4, 4) for n in range(2)}, path)
    with pytest.raises(InputError, match="18 of its 21 layers match"):
        open_lora(path, by_part(unet, tiny_text_encoder()))


@pytest.mark.parametrize("method", ["(IA)3", "OFT", "GLoRA"])
def test_order_matters_where_a_method_depends_on_the_weight(method: str) -> None:
    tensors = {
        "(IA)3": {"weight": torch.randn(OUT), "on_input": torch.tensor(0)},
        "OFT": {"oft_blocks": torch.randn(2, 4, 4)},
        "GLoRA": {
            "a1.weight": torch.randn(8, R), "a2.weight": torch.randn(R, 8),
            "b1.weight": torch.randn(OUT, R), "b2.weight": torch.randn(R, 8),
        },
    }[method]  # fmt: skip
    linear = nn.Linear(8, OUT).requires_grad_(False)
    net = nn.ModuleDict({"linear": linear})
    one, other = layer_of(tensors, (OUT, 8)), layer_of({"diff": torch.randn(OUT, 8)}, (OUT, 8))
    found = []
    for loras in ({"a": {"linear": one}, "b": {"linear": other}}, {"b": {"linear": other}, "a": {"linear": one}}):
        own = linear.weight.clone()
        for layers in loras.values():
            layers["linear"].apply(own, 0.5, "a1111")
        with Folded(net, loras).at([{"a": 0.5, "b": 0.5}]):
            found.append(linear(torch.eye(8)))
        assert torch.allclose(found[-1], nn.functional.linear(torch.eye(8), own, linear.bias), atol=1e-5)
    assert not torch.allclose(found[0], found[1], atol=1e-3)


def test_a_sum_that_low_rank_does_not_express_is_a_full_difference(tmp_path: Path) -> None:
    unet, text = tiny_unet(), tiny_text_encoder()
    shape = unet.get_parameter(f"{CONVOLUTION}.weight").shape
    low = {"lora_down.weight": torch.randn(2, *shape[1:]), "lora_up.weight": torch.randn(shape[0], 2, 1, 1)}
    files = {
        "a": opened(tmp_path / "a.safetensors", {"oft_blocks": torch.randn(4, 4, 4)}),
        "b": opened(tmp_path / "b.safetensors", {**low, "diff_b": torch.randn(shape[0])}),
    }
    weights = {"a": 0.4, "b": -0.7}
    own = unet.get_parameter(f"{CONVOLUTION}.weight").clone()
    for name, file in files.items():
        file.layers[DENOISER][CONVOLUTION].apply(own, weights[name], "a1111")
    with pytest.raises(InputError, match="OFT"):
        sum_loras(files, weights)
    summed = sum_loras(files, weights, by_part(unet, text))
    assert summed.differences == 2
    write_sum(tmp_path / "sum.safetensors", summed, {}, by_part(unet, text))
    found = open_lora(tmp_path / "sum.safetensors", by_part(unet, text)).layers[DENOISER]
    bias = files["b"].layers[DENOISER][f"{CONVOLUTION}.bias"]
    assert torch.allclose(found[CONVOLUTION].delta(), own - unet.get_parameter(f"{CONVOLUTION}.weight"), atol=1e-6)
    assert torch.allclose(found[f"{CONVOLUTION}.bias"].delta(), -0.7 * bias.delta(), atol=1e-6)
