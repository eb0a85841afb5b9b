"""Trainings over sets of several sizes: prepared buckets, and kohya folders that nobody cut."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from models.base.family import Base
from models.lora.file import open_lora
from models.lora.sites import DENOISER
from tests.trainers.train.test_train import run
from trainers.step_plan import Plan
from trainers.testing.tiny_base import tiny_base
from trainers.testing.training_callback_suite import SHORT
from trainers.train import step
from trainers.train.data.dataset import read_dataset

SETTINGS = replace(SHORT, plan=Plan(steps=1, epochs=2, batch=2), text_rank=2)


@pytest.fixture(scope="module")
def base() -> Base:
    return tiny_base()


def write(folder: Path, *sizes: tuple[int, int]) -> None:
    folder.mkdir(parents=True)
    for index, size in enumerate(sizes):
        Image.effect_noise(size, 60 + index).convert("RGB").save(folder / f"{index}.png")


@pytest.fixture
def shapes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """The shapes of the noisy latents of all steps."""
    seen: list[tuple[int, ...]] = []
    predict = step._predict

    def watched(context: Any, captions: Any, x_t: Any, t: Any) -> Any:
        seen.append(tuple(x_t.shape))
        return predict(context, captions, x_t, t)

    monkeypatch.setattr(step, "_predict", watched)
    return seen


def test_a_batch_holds_one_bucket_and_all_are_trained(tmp_path: Path, base: Base, shapes: list[tuple[int, ...]]) -> None:
    sizes = [(16, 24), (16, 24), (16, 24), (32, 16), (24, 24)]
    write(tmp_path / "set/train/2_dress", *sizes)
    write(tmp_path / "set/reg/1_dress", (40, 16), (16, 24))
    made = run(tmp_path / "set", tmp_path / "dress.safetensors", base, SETTINGS)
    cells: Counter[tuple[int, int]] = Counter()
    for count, _, height, width in shapes:
        cells[width * base.factor, height * base.factor] += count
    # Twice an epoch in train, once in reg, two epochs.
    assert cells == {(16, 24): 2 * (3 * 2 + 1), (32, 16): 4, (24, 24): 4, (40, 16): 2}
    assert made.steps == len(shapes)
    found = open_lora(made.path, base.modules)
    assert all(float(layer.delta().abs().max()) > 0 for layer in found.layers[DENOISER].values())


def test_a_killed_training_of_buckets_ends_with_the_same_file(tmp_path: Path, base: Base) -> None:
    write(tmp_path / "set/train/2_dress", (16, 24), (16, 24), (32, 16), (24, 24))
    whole = run(tmp_path / "set", tmp_path / "a/dress.safetensors", base, SETTINGS)

    def kill(progress: Any) -> None:
        if progress.step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "set", tmp_path / "b/dress.safetensors", base, SETTINGS, progress=kill, checkpoint_seconds=0.0)
    again = run(tmp_path / "set", tmp_path / "b/dress.safetensors", base, SETTINGS)
    assert again.path.read_bytes() == whole.path.read_bytes()


def test_a_kohya_folder_of_photos_is_trained(tmp_path: Path, base: Base) -> None:
    write(tmp_path / "set/2_mybag", (33, 50), (301, 407), (64, 64))
    (tmp_path / "set/2_mybag/0.txt").write_text("mybag, red")
    lines: list[str] = []
    settings = replace(SETTINGS, size=(48, 64))
    made = run(tmp_path / "set", tmp_path / "bag.safetensors", base, settings, trigger="mybag", message=lines.append)
    assert made.train_steps == 6
    assert any("pictures scaled down or cut" in line for line in lines)
    assert all(w * h <= 48 * 64 for w, h in (p.size for p in read_dataset(tmp_path / "set", base.factor, (48, 64)).pictures))
