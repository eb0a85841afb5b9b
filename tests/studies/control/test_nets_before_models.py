"""ControlNets that cannot be: said by their files' headers, before a time is estimated and before a model is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import save_file

from models.errors import InputError
from models.testing.control.nets import write_named
from studies.control.nets import check_nets
from studies.doctor.validate import validate_study
from studies.pipeline import run_study
from studies.spec import read_spec
from studies.study import Study
from studies.testing.fake_study import FakeWorld, fake_study, opened_on
from studies.testing.recording_callback import RecordingCallback
from studies.tracking.memory import MemoryTracker

SIZE = 64, 96
ATTENTION = "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight"


def cut_short(path: Path) -> None:
    write_named(path)
    path.write_bytes(path.read_bytes()[:-40])


def a_lora(path: Path) -> None:
    save_file({"lora_unet_down_blocks_0.lora_down.weight": torch.zeros(1)}, path)


BAD: dict[str, tuple[Any, str]] = {
    "cut short": (cut_short, r"a safetensors file cut short"),
    "text": (lambda path: path.write_text("net"), r"not a safetensors file"),
    "LoRA": (a_lora, r"a LoRA is no ControlNet"),
    "gone": (lambda path: path.unlink(), r"no such ControlNet"),
}


def controlled(folder: Path, hint: object = "canny") -> Study:
    fake_study(folder, size=SIZE)
    write_named(folder / "net.safetensors")
    content = yaml.safe_load((folder / "study.yaml").read_text())
    content["control"] = {"edges": {"model": "net.safetensors", "hint": hint}}
    (folder / "study.yaml").write_text(yaml.safe_dump(content))
    return opened_on(folder, FakeWorld(SIZE))


@pytest.mark.parametrize(("write", "said"), BAD.values(), ids=BAD)
def test_a_run_tells_no_time_before_it_refuses(tmp_path: Path, write: Any, said: str) -> None:
    study, callback = controlled(tmp_path), RecordingCallback()
    write(tmp_path / "net.safetensors")
    with pytest.raises(InputError, match=said):
        run_study(study, [7], trials=4, tracker=MemoryTracker(), callback=callback)
    assert not {"seed", "announce"} & set(callback.names())


@pytest.mark.parametrize(("write", "said"), BAD.values(), ids=BAD)
def test_validate_says_so_before_it_opens_a_model(tmp_path: Path, write: Any, said: str) -> None:
    """The base of this study does not open, which is said only later."""
    study = controlled(tmp_path)
    write(tmp_path / "net.safetensors")
    with pytest.raises(InputError, match=said):
        list(validate_study(study))


def test_validate_opens_hints_before_models(tmp_path: Path) -> None:
    study = controlled(tmp_path, {"image": "pose.png"})
    with pytest.raises(InputError, match=r"no such picture: .*pose.png"):
        list(validate_study(study))


@pytest.mark.parametrize("layout", ["file", "folder"])
def test_one_of_another_base_is_told_by_the_headers_of_both(tmp_path: Path, layout: str) -> None:
    controlled(tmp_path)
    if layout == "folder":
        (tmp_path / "base.safetensors").unlink()
        (tmp_path / "base.safetensors" / "unet").mkdir(parents=True)
        (tmp_path / "base.safetensors" / "unet" / "config.json").write_text('{"cross_attention_dim": 768}')
    else:
        save_file({ATTENTION: torch.zeros(8, 768)}, tmp_path / "base.safetensors")
    spec = read_spec(tmp_path / "study.yaml")
    named = {"controlnet_cond_embedding.conv_in.weight": torch.zeros(4, 3, 3, 3)}
    save_file({**named, ATTENTION: torch.zeros(8, 768)}, tmp_path / "net.safetensors")
    check_nets(spec, tmp_path)
    save_file({**named, ATTENTION: torch.zeros(8, 2048)}, tmp_path / "net.safetensors")
    with pytest.raises(InputError, match=r"a ControlNet of SDXL, and the base is SD1.5: .*; name one"):
        check_nets(spec, tmp_path)
