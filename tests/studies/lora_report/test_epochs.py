"""Files of one training are told by their names, as trainers write them, and by what trainers note inside."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from models.errors import InputError
from studies.lora_report.epochs import trainings_of


def lora(path: Path, name: str | None = None) -> Path:
    stem = "lora_unet_mid_block_attentions_0_proj_in"
    tensors = {f"{stem}.lora_down.weight": torch.ones(2, 4), f"{stem}.lora_up.weight": torch.ones(4, 2)}
    save_file(tensors, path, {"ss_output_name": name} if name else None)
    return path


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (["dress", "dress-000010", "dress-000004"], [4, 10, None]),  # kohya's scripts, musubi-tuner
        (["dress_000000500", "dress_000001000"], [500, 1000]),  # ai-toolkit
        (["dress-step00000200", "dress-step00000100"], [100, 200]),
        (["dress_epoch_02", "dress_epoch_10"], [2, 10]),
    ],
)
def test_one_training_the_earliest_first(names: list[str], order: list[int | None], tmp_path: Path) -> None:
    found = trainings_of([lora(tmp_path / f"{name}.safetensors") for name in names])
    assert [training.name for training in found] == ["dress"]
    assert [saved.number for saved in found[0].files] == order


def test_others_stay_apart(tmp_path: Path) -> None:
    paths = [lora(tmp_path / f"{name}.safetensors") for name in ("dress-000004", "shoes-000004", "coat")]
    assert [training.name for training in trainings_of(paths)] == ["dress-000004", "shoes-000004", "coat"]


def test_an_output_that_was_called_so_is_no_epoch(tmp_path: Path) -> None:
    paths = [lora(tmp_path / "dress-01.safetensors", "dress-01"), lora(tmp_path / "dress-02.safetensors", "dress-02")]
    assert [training.name for training in trainings_of(paths)] == ["dress-01", "dress-02"]
    saved = lora(tmp_path / "dress-01-000004.safetensors", "dress-01")
    assert [len(training.files) for training in trainings_of([paths[0], saved])] == [2]


def test_a_truncated_epoch_and_a_file_named_twice_are_one_line(tmp_path: Path) -> None:
    whole = lora(tmp_path / "dress.safetensors")
    cut = tmp_path / "dress-000004.safetensors"
    cut.write_bytes(whole.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"dress-000004\.safetensors"):
        trainings_of([cut, whole])
    with pytest.raises(InputError, match="named twice"):
        trainings_of([whole, whole])
