"""A training set of four noise images for a tiny base: two to train on, two for regularisation, one caption."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

CAPTION = "dress, pink, long, dotted"


def write_tiny_set(folder: Path) -> Path:
    """Writes it to `folder` in kohya's layout, under the token `dress`; sizes are multiples of 8 pixels."""
    for name, size in (("train/2_dress", (16, 16)), ("reg/1_dress", (16, 32))):
        (folder / name).mkdir(parents=True)
        for index in range(2):
            Image.effect_noise(size, 60 + index).convert("RGB").save(folder / name / f"{index}.png")
    (folder / "train/2_dress/0.txt").write_text(CAPTION)
    return folder
