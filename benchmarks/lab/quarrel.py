"""Two LoRAs that quarrel on purpose: a dress and a coat want the same place, and no weights show both.

    python -m benchmarks.lab.quarrel [--quick] [--sheet FILE]

8 seeds (2 with `--quick`), every pair of weights 0, 0.25 ... 1 of the LoRAs that ship, one prompt with both triggers; the share
of each product's features by the world's truth. Prints a table for people and, as its last line, one JSON object; `--sheet`
writes the first seed's grid.
"""

from __future__ import annotations

import argparse
import json
import sys
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image

from dashboards.sheet import Cell, sheet
from models.base.opening import open_base
from models.lora.file import LoraFile, open_lora
from optimizer.point import Job, Point
from optimizer.render.base import RenderSettings
from optimizer.render.decode import pictures
from optimizer.render.diffusers_renderer import DiffusionRenderer
from studies.paperdoll.bundle import WEIGHTS, lora_file
from studies.paperdoll.study import CFG, SAMPLER, SIZE, STEPS
from studies.paperdoll.world.products import QUARREL
from studies.paperdoll.world.truth import features_shown, product_share

SEEDS = range(7100, 7108)
WEIGHTS_DRAWN = (0.0, 0.25, 0.5, 0.75, 1.0)
PROMPT = (
    "1girl, full body, standing, arms spread, smile, brown hair, short hair, brown eyes, fair skin, "
    f"{', '.join(QUARREL)}, grey shoes, lilac background"
)
Pair = tuple[float, float]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--sheet", type=Path)
    asked = options.parse_args()
    seeds = SEEDS[:2] if asked.quick else SEEDS
    painted = drawn(list(seeds))
    shares = {pair: shown(images) for pair, images in painted.items()}
    report(shares)
    if asked.sheet is not None:
        grid({pair: images[0] for pair, images in painted.items()}).save(asked.sheet)
    result = {
        "first_alone": max(a for (_, other), (a, _) in shares.items() if other == 0),
        "second_alone": max(b for (other, _), (_, b) in shares.items() if other == 0),
        "both_at_best": max(min(both) for both in shares.values()),
    }
    print(json.dumps({"quarrel": {name: round(value, 4) for name, value in result.items()}}))
    return 0


def drawn(seeds: list[int]) -> dict[Pair, list[Image.Image]]:
    base = open_base(str(WEIGHTS / "base"))
    loras: dict[str, LoraFile] = {name: open_lora(lora_file(name), base.modules) for name in QUARREL}
    renderer = DiffusionRenderer(base, loras, RenderSettings(PROMPT, "", *SIZE, STEPS, SAMPLER))
    points = {pair: Point(dict(zip(QUARREL, pair, strict=True)), CFG) for pair in product(WEIGHTS_DRAWN, WEIGHTS_DRAWN)}
    return {pair: pictures(renderer.render([Job(seed, point) for seed in seeds])) for pair, point in points.items()}


def shown(images: list[Image.Image]) -> Pair:
    """The mean share of each product's features."""
    seen = [features_shown(image) for image in images]
    first, second = (float(np.mean([product_share(s, name) for s in seen])) for name in QUARREL)
    return first, second


def report(shares: dict[Pair, Pair]) -> None:
    first, second = QUARREL
    print(f"share of {first} / {second}; {first} rises downwards, {second} to the right")
    print(" " * 6 + "".join(f"{w:>13.2f}" for w in WEIGHTS_DRAWN))
    for a in WEIGHTS_DRAWN:
        print(f"{a:6.2f}" + "".join("{:>7.2f} /{:>4.2f}".format(*shares[a, b]) for b in WEIGHTS_DRAWN))


def grid(painted: dict[Pair, Image.Image]) -> Image.Image:
    first, second = QUARREL
    rows = [[cell(painted[a, b]) for b in WEIGHTS_DRAWN] for a in WEIGHTS_DRAWN]
    return sheet(
        rows,
        title=f"{first} x {second}: two LoRAs for one place",
        column_labels=[f"{second} {w:g}" for w in WEIGHTS_DRAWN],
        row_labels=[f"{first} {w:g}" for w in WEIGHTS_DRAWN],
        footer="under each: the share of its features that the first and the second show",
        tall=144,
    )


def cell(image: Image.Image) -> Cell:
    seen = features_shown(image)
    return Cell(image, (" / ".join(f"{product_share(seen, name):.2f}" for name in QUARREL),))


if __name__ == "__main__":
    sys.exit(main())
