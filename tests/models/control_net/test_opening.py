from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from models.base.family import Base
from models.control_net.opening import open_control_net
from models.errors import InputError
from models.testing.bases import small_base
from models.testing.control.nets import PUBLISHED, small_control_net, write_original

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return small_base(tmp_path_factory.mktemp("small") / "sd15", "sd15")


@pytest.fixture(scope="module")
def xl(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return small_base(tmp_path_factory.mktemp("small") / "sdxl", "sdxl")


def same(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    mine, theirs = one.state_dict(), other.state_dict()
    return mine.keys() == theirs.keys() and all(torch.equal(mine[name], theirs[name]) for name in mine)


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
def test_a_folder_and_a_file_of_it_are_the_same(base: Base, xl: Base, tmp_path: Path, family: str) -> None:
    own = {"sd15": base, "sdxl": xl}[family]
    net = small_control_net(own)
    net.save_pretrained(tmp_path / "net")
    file = tmp_path / "net.safetensors"
    save_file(net.state_dict(), file)
    in_folder, in_file = open_control_net(tmp_path / "net", own), open_control_net(file, own)
    assert same(net, in_folder.module)
    assert same(net, in_file.module)
    assert in_folder.digest != in_file.digest
    assert not any(weight.requires_grad for weight in in_file.module.parameters())


def test_half_precision_folder(base: Base, tmp_path: Path) -> None:
    small_control_net(base).half().save_pretrained(tmp_path / "net", variant="fp16")
    assert open_control_net(tmp_path / "net", base).module.dtype == base.dtype


def test_the_original_layout(base: Base, tmp_path: Path) -> None:
    net, file = small_control_net(base, channels=PUBLISHED), tmp_path / "control_v11p.safetensors"
    write_original(file, net)
    assert same(net, open_control_net(file, base).module)


def refusal(place: Path, base: Base) -> str:
    with pytest.raises(InputError) as refused:
        open_control_net(place, base)
    return str(refused.value)


def test_one_of_another_base_is_refused(base: Base, xl: Base, tmp_path: Path) -> None:
    net = small_control_net(xl)
    net.save_pretrained(tmp_path / "net")
    save_file(net.state_dict(), tmp_path / "net.safetensors")
    for place in (tmp_path / "net", tmp_path / "net.safetensors"):
        line = refusal(place, base)
        assert "the base is SD1.5" in line
        assert "name one that was made for this base" in line


def test_one_of_other_levels_is_refused(base: Base, tmp_path: Path) -> None:
    from diffusers import ControlNetModel

    config = dict(small_control_net(base).config)
    wider = ControlNetModel.from_config({**config, "block_out_channels": (16, 16, 16, 16)})
    wider.save_pretrained(tmp_path / "net")
    assert "a ControlNet of another base" in refusal(tmp_path / "net", base)


def test_refusals(base: Base, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no config.json" in refusal(tmp_path / "empty", base)
    assert "no such ControlNet" in refusal(tmp_path / "gone.safetensors", base)
    (tmp_path / "net.pth").write_bytes(b"x")
    assert "is no .safetensors file" in refusal(tmp_path / "net.pth", base)
    save_file({"lora_unet_down_blocks_0.lora_down.weight": torch.zeros(1)}, tmp_path / "lora.safetensors")
    assert "is no ControlNet" in refusal(tmp_path / "lora.safetensors", base)
    save_file({"controlnet_cond_embedding.conv_in.weight": torch.zeros(4, 3, 3, 3)}, tmp_path / "half.safetensors")
    assert "does not open" in refusal(tmp_path / "half.safetensors", base)
    net = small_control_net(base)
    net.save_pretrained(tmp_path / "lacking")
    weights = net.state_dict()
    del weights["controlnet_mid_block.weight"]
    next((tmp_path / "lacking").glob("*.safetensors")).unlink()
    save_file(weights, tmp_path / "lacking" / "diffusion_pytorch_model.safetensors")
    assert "it lacks controlnet_mid_block.weight" in refusal(tmp_path / "lacking", base)
    write_original(tmp_path / "original.safetensors", small_control_net(base, channels=PUBLISHED))
    lacking = {n: w for n, w in load_file(tmp_path / "original.safetensors").items() if "middle_block_out" not in n}
    save_file(lacking, tmp_path / "original.safetensors")
    assert "does not open" in refusal(tmp_path / "original.safetensors", base)
    net.save_pretrained(tmp_path / "union")
    config = json.loads((tmp_path / "union" / "config.json").read_text())
    for key, value, words in (
        ("_class_name", "ControlNetUnionModel", "a folder of ControlNetUnionModel"),
        ("global_pool_conditions", True, "shuffles"),
    ):
        (tmp_path / "union" / "config.json").write_text(json.dumps({**config, key: value}))
        assert words in refusal(tmp_path / "union", base)
    (tmp_path / "union" / "config.json").write_text("{")
    assert "does not open" in refusal(tmp_path / "union", base)
    next((tmp_path / "union").glob("*.safetensors")).unlink()
    (tmp_path / "union" / "config.json").write_text(json.dumps(config))
    assert "without .safetensors weights" in refusal(tmp_path / "union", base)
