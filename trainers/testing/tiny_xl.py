"""SDXL small enough to be trained in a test: its levels, its two text encoders, and a set of pictures that they divide."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PIL import Image

from models.base.family import Base
from models.testing.bases import small_base
from trainers.step_plan import Plan
from trainers.train.settings.preset import Preset

SHORT_XL: Final = Preset(
    plan=Plan(steps=4, epochs=2, batch=2), size=(64, 64), rank=2, alpha=1.0, text_rank=2, text_alpha=1.0, learning_rate=1e-2,
    text_learning_rate=1e-2, precision="float32", stored="float32",
)  # fmt: skip
CAPTION: Final = "dress, pink, long, dotted"


def tiny_xl(folder: Path, **schedule: object) -> Base:
    """Random weights of the small configs that are written into `folder`; `schedule` changes its scheduler's settings."""
    base = small_base(folder / "config", "sdxl")
    base.schedule.update(schedule)
    return base


def write_xl_set(folder: Path) -> Path:
    """Noise images in kohya's layout, of sizes that SDXL's levels divide: two buckets to train on, one for regularisation."""
    for name, sizes in (("train/2_dress", [(64, 64), (64, 64), (32, 96)]), ("reg/1_dress", [(64, 64)] * 2)):
        (folder / name).mkdir(parents=True)
        for index, size in enumerate(sizes):
            Image.effect_noise(size, 60 + index).convert("RGB").save(folder / name / f"{index}.png")
    (folder / "train/2_dress/0.txt").write_text(CAPTION)
    return folder
