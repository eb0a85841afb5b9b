"""Draws the images that were labelled by eye, and writes sheets of them. An interrupted run continues.

    python -m benchmarks.scores.labelled.draw            the images that are not there yet, and drawn.json
    python -m benchmarks.scores.labelled.draw --sheets DIR

The lab's base with three of the LoRAs that ship, each at a random weight from 0 to 1.1; every third image of a set has the
weights of the image before at another seed. Images are lossless.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from dashboards.sheet import Cell, sheet
from models.base.opening import open_base
from models.lora.file import open_lora
from optimizer.point import Job, Point
from optimizer.render.base import RenderSettings
from optimizer.render.decode import pictures
from optimizer.render.diffusers_renderer import DiffusionRenderer
from studies.paperdoll.bundle import WEIGHTS, lora_file
from studies.paperdoll.study import CFG, SAMPLER, SIZE, STEPS
from studies.paperdoll.world.products import Product

HERE = Path(__file__).parent
SEED = 555
MOST = 1.1
SETS: tuple[tuple[tuple[Product, Product, Product], str, int], ...] = (
    (("myface", "testdress", "myshoes"), "pale skin, myface, pink dress, testdress, white boots, myshoes", 100),
    (("newface", "sleevedress", "mysandals"), "tan skin, newface, blue dress, sleevedress, sandals, mysandals", 60),
    (("myface", "mycoat", "myshoes"), "pale skin, myface, green coat, mycoat, white boots, myshoes", 40),
)
"""LoRAs drawn together, the words of the prompt for them, and how many images."""
POSES = ("arms spread", "arms spread", "arms down", "one arm raised", "arms behind back", "hands in pockets")
SHEET = 12


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sheets", type=Path, metavar="DIR")
    given = options.parse_args()
    planned = plan()
    (HERE / "drawn.json").write_text("".join(f"{json.dumps(row)}\n" for row in planned), encoding="utf-8")
    for products, _, _ in SETS:
        draw([row for row in planned if tuple(row["weights"]) == products and not path_of(row).exists()])
    if given.sheets is not None:
        write_sheets(planned, given.sheets)
    return 0


def plan() -> list[dict[str, Any]]:
    """One row an image: its number, pose, prompt, seed and weights."""
    rng = np.random.default_rng(SEED)
    rows: list[dict[str, Any]] = []
    for products, words, count in SETS:
        for index in range(count):
            if index % 3 != 2:
                weights = {name: round(float(rng.uniform(0, MOST)), 3) for name in products}
            pose = POSES[int(rng.integers(len(POSES)))]
            prompt = f"1girl, full body, standing, {pose}, smile, {words}, lilac background"
            rows.append({"image": len(rows), "seed": int(rng.integers(2**31)), "weights": weights, "prompt": prompt})
    return rows


def path_of(row: dict[str, Any]) -> Path:
    return HERE / "images" / f"{row['image']:03d}.webp"


def draw(rows: list[dict[str, Any]]) -> None:
    (HERE / "images").mkdir(exist_ok=True)
    for prompt in sorted({row["prompt"] for row in rows}):
        base = open_base(str(WEIGHTS / "base"))
        names = list(next(row for row in rows if row["prompt"] == prompt)["weights"])
        loras = {name: open_lora(lora_file(name), base.modules) for name in names}
        renderer = DiffusionRenderer(base, loras, RenderSettings(prompt, "", *SIZE, STEPS, SAMPLER))
        for row in (row for row in rows if row["prompt"] == prompt):
            (image,) = pictures(renderer.render([Job(row["seed"], Point(row["weights"], CFG))]))
            image.save(path_of(row), lossless=True, method=6)


def write_sheets(rows: list[dict[str, Any]], out: Path) -> None:
    """Twelve images each, three times as large, with their numbers and nothing else to go by."""
    out.mkdir(parents=True, exist_ok=True)
    for first in range(0, len(rows), SHEET):
        some = rows[first : first + SHEET]
        cells = [Cell(_large(path_of(row)), (str(row["image"]),), "plain") for row in some]
        sheet([cells[i : i + 4] for i in range(0, len(cells), 4)], title="", tall=SIZE[1] * 3).save(out / f"{first:03d}.png")


def _large(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB").resize((SIZE[0] * 3, SIZE[1] * 3), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    sys.exit(main())
