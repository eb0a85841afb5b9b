"""LoRA files of every naming on transformers; layers that a file has in one matrix are shared out exactly."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from models.base.family import Base
from models.base.opening import open_base
from models.errors import InputError
from models.lora.file import LoraFile, open_lora
from models.lora.fold import Folded
from models.lora.sites import DENOISER, layer_names
from models.lora.transformers.layout import transformer_names
from models.testing.bases import small_base
from models.testing.flow.folders import FOLDERS
from models.testing.flow.loras import ORIGINAL, OWN, in_own_layout, save_lora
from models.testing.loras import save_small_lora

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")


@pytest.fixture(scope="module", params=FOLDERS)
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Base:
    return open_base(FOLDERS[request.param](tmp_path_factory.mktemp("folder") / request.param))


def deltas(file: LoraFile) -> dict[str, torch.Tensor]:
    return {name: layer.delta() for name, layer in file.layers[DENOISER].items()}


def equal(one: LoraFile, other: LoraFile, near: float = 1e-6) -> bool:
    mine, theirs = deltas(one), deltas(other)
    return mine.keys() == theirs.keys() and all(bool((mine[k] - theirs[k]).abs().max() <= near) for k in mine)


@pytest.mark.parametrize("naming", OWN)
def test_every_layer_under_each_tools_name_of_it(base: Base, naming: str, tmp_path: Path) -> None:
    wanted = open_lora(save_lora(tmp_path / "own.safetensors", base.denoiser, "diffusers"), base.modules)
    found = open_lora(save_lora(tmp_path / "other.safetensors", base.denoiser, naming), base.modules)
    assert set(found.layers[DENOISER]) == set(layer_names(base.denoiser))
    assert not any("match this base" in note for note in found.notes)
    scale = next(iter(found.layers[DENOISER].values())).alpha / next(iter(wanted.layers[DENOISER].values())).alpha
    assert all(torch.allclose(delta, deltas(wanted)[name] * scale, atol=1e-6) for name, delta in deltas(found).items())


@pytest.mark.parametrize("naming", ORIGINAL)
def test_layers_in_one_matrix_are_shared_out(base: Base, naming: str, tmp_path: Path) -> None:
    comfyui = save_lora(tmp_path / "comfyui.safetensors", base.denoiser, "ComfyUI")
    wanted = open_lora(in_own_layout(comfyui, base.denoiser, tmp_path / "own.safetensors"), base.modules)
    found = open_lora(save_lora(tmp_path / "other.safetensors", base.denoiser, naming), base.modules)
    assert set(found.layers[DENOISER]) == set(layer_names(base.denoiser))
    scale = 1.0 if naming == "ComfyUI" else 0.5
    assert all(torch.allclose(delta, deltas(wanted)[name] * scale, atol=1e-6) for name, delta in deltas(found).items())


def fused(base: Base) -> tuple[str, int, int]:
    """The first layer that is several of the base's: its name, rows and columns."""
    name, pieces = next((name, pieces) for name, pieces in transformer_names(base.denoiser).pieces.items() if len(pieces) > 1)
    shapes = [base.denoiser.get_parameter(f"{piece.module}.weight").shape for piece in pieces]
    return name, sum(shape[0] for shape in shapes), shapes[0][1]


def saved(base: Base, path: Path, kind: str) -> tuple[Path, torch.Tensor]:
    """One such layer by another method, and its whole update."""
    name, rows, columns = fused(base)
    draw = torch.Generator().manual_seed(4)

    def random(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=draw) * 0.3

    if kind == "LoKr":
        parts = {"lokr_w1": random(2, 2), "lokr_w2": random(rows // 2, columns // 2)}
        whole = torch.kron(parts["lokr_w1"], parts["lokr_w2"])
    elif kind == "LoHa":
        sizes = {"hada_w1_a": (rows, 2), "hada_w1_b": (2, columns), "hada_w2_a": (rows, 2), "hada_w2_b": (2, columns)}
        parts = {role: random(*size) for role, size in sizes.items()}
        whole = (parts["hada_w1_a"] @ parts["hada_w1_b"]) * (parts["hada_w2_a"] @ parts["hada_w2_b"])
    elif kind == "diff":
        parts = {"diff": random(rows, columns)}
        whole = parts["diff"]
    else:
        parts = {"lora_A.weight": random(2, columns), "lora_B.weight": random(rows, 2), "dora_scale": random(rows, 1)}
        whole = parts["lora_B.weight"] @ parts["lora_A.weight"]
    save_file({f"diffusion_model.{name}.{role}": tensor for role, tensor in parts.items()}, path)
    return path, whole


@pytest.mark.parametrize("kind", ["LoKr", "LoHa", "diff"])
def test_other_methods_over_layers_in_one_matrix_are_folded_exactly(base: Base, kind: str, tmp_path: Path) -> None:
    path, whole = saved(base, tmp_path / "x.safetensors", kind)
    file = open_lora(path, base.modules)
    folded = Folded(base.denoiser, {"x": file.layers[DENOISER]})
    begin = 0
    with folded.at([{"x": 0.5}]):
        for piece in transformer_names(base.denoiser).pieces[fused(base)[0]]:
            layer = base.denoiser.get_submodule(piece.module)
            count = layer.weight.shape[0]
            wanted = layer.weight + 0.5 * whole[begin : begin + count]
            probe = torch.eye(layer.weight.shape[1])
            got = (layer(probe) - (layer.bias if layer.bias is not None else 0)).T
            assert torch.allclose(got, wanted, atol=1e-5)
            begin += count


def test_a_method_that_cannot_be_cut_is_refused(base: Base, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is DoRA over several layers in one") as told:
        open_lora(saved(base, tmp_path / "x.safetensors", "DoRA")[0], base.modules)
    assert "\n" not in str(told.value)


def test_a_matrix_of_another_size_is_refused_with_both(base: Base, tmp_path: Path) -> None:
    path = save_lora(tmp_path / "x.safetensors", base.denoiser, "ComfyUI")
    name = fused(base)[0]
    tensors = load_file(path)
    tensors[f"diffusion_model.{name}.lora_B.weight"] = torch.zeros(7, 2)
    save_file(tensors, path)
    with pytest.raises(InputError, match=rf"'diffusion_model.{name}' is 7x\d+ where the base has \d+x\d+"):
        open_lora(path, base.modules)


def test_a_lora_of_stable_diffusion_is_refused_and_both_are_named(base: Base, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"0 of its 1 layers match this base \((Z-Image|FLUX\.1|FLUX\.2)\)"):
        open_lora(save_small_lora(tmp_path / "x.safetensors"), base.modules)


def test_a_lora_of_this_base_is_refused_by_stable_diffusion(base: Base, tmp_path: Path) -> None:
    other = small_base(tmp_path / "sd15", "sd15")
    for naming in ("kohya", "ComfyUI"):
        path = save_lora(tmp_path / f"{naming}.safetensors", base.denoiser, naming)
        with pytest.raises(InputError, match=r"a LoRA for (Z-Image or Lumina|FLUX\.1|FLUX\.2): 0 of its \d+ layers match"):
            open_lora(path, other.modules)
