from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import InputError
from studies.training.describe import describe_trained
from studies.training.train import train_request
from trainers.testing.tiny_set import write_tiny_set
from trainers.train.progress import Trained


def test_a_request_has_the_preset_and_the_folders_trigger(tmp_path: Path) -> None:
    dataset = write_tiny_set(tmp_path / "set")
    request = train_request(dataset, tmp_path / "dress.safetensors", "clothing", family="lab", settings=["rank=3"])
    assert (request.trigger, request.preset.rank, request.preset.size) == ("dress", 3, (128, 192))
    assert request.checkpoints == tmp_path / ".training"
    assert train_request(dataset, request.out, "clothing", trigger="mine").trigger == "mine"
    assert request.kind == "clothing"


def test_what_cannot_be_asked_for(tmp_path: Path) -> None:
    dataset, out = write_tiny_set(tmp_path / "set"), tmp_path / "dress.safetensors"
    with pytest.raises(InputError, match=r"name it dress\.safetensors"):
        train_request(dataset, tmp_path / "dress.pt", "clothing")
    with pytest.raises(InputError, match="no such family"):
        train_request(dataset, out, "clothing", family="sd3")
    with pytest.raises(InputError, match="no such setting"):
        train_request(dataset, out, "clothing", settings=["rnak=3"])
    with pytest.raises(InputError, match="no such training set"):
        train_request(tmp_path / "absent", out, "clothing")
    (dataset / "train/2_shoes").mkdir()
    with pytest.raises(InputError, match=r"the trigger is not clear \(dress, shoes\)"):
        train_request(dataset, out, "clothing")


def test_a_finished_lora_in_lines() -> None:
    trained = Trained(Path("loras/dress.safetensors"), "0" * 64, 6, 4, 2, 0.125, 61.4, ("more pictures",))
    assert describe_trained(trained) == [
        "dress.safetensors: 6 steps (4 of train, 2 of reg) in 61 s, loss 0.125",
        "  advice: more pictures",
    ]
    again = Trained(trained.path, trained.hash, 6, 4, 2, float("nan"), 0.0, ())
    assert describe_trained(again) == ["dress.safetensors: trained already, 6 steps (4 of train, 2 of reg)"]
