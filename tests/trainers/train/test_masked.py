"""What masks change in a training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from models.base.family import Base
from models.lora.file import read_metadata
from trainers.testing.tiny_base import tiny_base
from trainers.testing.tiny_set import write_tiny_set
from trainers.testing.training_callback_suite import SHORT
from trainers.train.progress import Trained
from trainers.train.settings.preset import Masks, Outside
from trainers.train.settings.request import TrainRequest
from trainers.train.step import _regions
from trainers.train.train import train


@pytest.fixture(scope="module")
def base() -> Base:
    return tiny_base()


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return write_tiny_set(tmp_path / "set")


def made(dataset: Path, out: Path, base: Base, masks: Masks) -> Trained:
    return train(TrainRequest(dataset, out, "dress", replace(SHORT, masks=masks), out.parent / "work"), base)


def mask_all(dataset: Path, grey: int) -> None:
    for path in [*dataset.glob("*/*/[0-9].png")]:
        with Image.open(path) as picture:
            Image.new("L", picture.size, grey).save(path.with_name(f"{path.stem}_mask.png"))


def test_masks_weight_the_loss_only_where_they_are_asked_for(dataset: Path, tmp_path: Path, base: Base) -> None:
    plain = made(dataset, tmp_path / "plain.safetensors", base, "unused")
    mask_all(dataset, 255)
    beside = made(dataset, tmp_path / "beside.safetensors", base, "unused")
    white = made(dataset, tmp_path / "white.safetensors", base, "loss")
    mask_all(dataset, 51)
    grey = made(dataset, tmp_path / "white.safetensors", base, "loss")
    assert plain.hash == beside.hash == white.hash
    assert "masks" not in read_metadata(plain.path)["huanhua_preset"]
    assert '"masks": "loss"' in read_metadata(white.path)["huanhua_preset"]
    assert "ss_masked_loss" not in read_metadata(plain.path)
    assert read_metadata(white.path)["ss_masked_loss"] == "True"
    assert grey.seconds > 0, "other masks are another training"
    assert grey.loss == pytest.approx(0.2 * plain.loss, rel=0.2)


@pytest.mark.parametrize(
    ("outside", "share", "cells"),
    [("photo", [1, 1], [0.5, 1]), ("nothing", [1, 1], [0.5, 0]), ("base", [1, 0], [0.5, 1])],
)
def test_masks_weigh_on_top_of_the_boxes(outside: Outside, share: list[float], cells: list[float]) -> None:
    things, masks = torch.tensor([[[[1.0, 0.0]]]] * 2), torch.tensor([[[[0.5, 1.0]]]] * 2)
    found = _regions(things, masks, torch.tensor([False, True]), outside)
    assert [x[0].flatten().tolist() for x in found] == [share, cells]
    assert [x[1].flatten().tolist() for x in found] == [[0, 0], [1, 1]], "preserved pictures keep all of the base's answer"
