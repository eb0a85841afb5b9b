"""What viewers of LoRA files read of one that was trained here."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from models.base.family import Base
from trainers.step_plan import Plan
from trainers.testing.tiny_base import tiny_base
from trainers.testing.tiny_set import write_tiny_set
from trainers.testing.training_callback_suite import SHORT
from trainers.train.data.dataset import Dataset, read_dataset
from trainers.train.metadata import describe
from trainers.train.settings.request import TrainRequest


@pytest.fixture(scope="module")
def base() -> Base:
    return tiny_base()


@pytest.fixture(scope="module")
def dataset(base: Base, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return read_dataset(write_tiny_set(tmp_path_factory.mktemp("sets") / "set"), base.factor)


def described(base: Base, dataset: Dataset, epochs: int, steps: int) -> dict[str, str]:
    settings = replace(SHORT, plan=Plan(steps=steps, epochs=epochs, batch=2))
    request = TrainRequest(dataset.folder, Path("dress.safetensors"), "dress", settings, Path("work"))
    return describe(request, base, "epsilon", dataset, steps, "fingerprint")


def test_a1111_reads_sizes_from_the_buckets(base: Base, dataset: Dataset) -> None:
    metadata = described(base, dataset, 2, 6)
    assert metadata["ss_enable_bucket"] == "True"
    buckets = json.loads(metadata["ss_bucket_info"])["buckets"]
    found = {tuple(bucket["resolution"]): bucket["count"] for bucket in buckets.values()}
    assert found.keys() == {picture.size for picture in dataset.pictures}
    assert sum(found.values()) == dataset.train_samples + dataset.reg_samples


def test_pictures_that_are_cut_have_an_error_of_shape(base: Base, dataset: Dataset) -> None:
    first, *others = dataset.pictures
    width, height = first.size
    assert json.loads(described(base, dataset, 2, 6)["ss_bucket_info"])["mean_img_ar_error"] == 0
    cut = replace(dataset, pictures=(replace(first, original=(2 * width, height)), *others))
    error = json.loads(described(base, cut, 2, 6)["ss_bucket_info"])["mean_img_ar_error"]
    assert error == pytest.approx(width / height / len(dataset.pictures))


def test_what_viewers_show_of_the_length_is_there(base: Base, dataset: Dataset) -> None:
    metadata = described(base, dataset, 2, 6)
    shown = {
        name: metadata[f"ss_{name}"] for name in ("epoch", "num_epochs", "steps", "num_batches_per_epoch", "total_batch_size")
    }
    assert shown == {"epoch": "2", "num_epochs": "2", "steps": "6", "num_batches_per_epoch": "3", "total_batch_size": "2"}
