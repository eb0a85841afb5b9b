"""Each product's LoRA alone: how much of the product shows as its weight rises, by the world's truth.

    python -m benchmarks.lab.products [--quick] [--products NAME ...] [--train DIR] [--sheets DIR]

16 seeds (4 with `--quick`) at each weight of the LoRAs that ship, one prompt that describes all but the product. Prints a
table for people and, as its last line, one JSON object. `--train` trains LoRAs anew in a folder, or continues those in it;
`--sheets` writes a ladder of pictures for each LoRA.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

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
from studies.paperdoll.study import CFG, COMPANIONS, SAMPLER, SIZE, STEPS, Outfit, kind_of
from studies.paperdoll.trained_loras import lora_of, training_set_of
from studies.paperdoll.world.products import FEATURES, WORN, Product
from studies.paperdoll.world.truth import features_shown, product_share

QUALITY = 88
SEEDS = range(7000, 7016)
WEIGHTS_DRAWN = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25)
WORDS = {
    "face": "brown hair, short hair, brown eyes, fair skin",
    "clothing": "grey dress",
    "shoes": "grey shoes",
}
"""What stands in the prompt for the parts that a product is not of."""
Shares = dict[float, dict[str, float]]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--products", nargs="+", choices=list(WORN), default=list(WORN))
    options.add_argument("--train", type=Path, metavar="DIR")
    options.add_argument("--sheets", type=Path)
    asked = options.parse_args()
    seeds = SEEDS[:4] if asked.quick else SEEDS
    result = {}
    for product in asked.products:
        drawn = ladder(product, trained(product, asked.train) if asked.train else lora_file(product), seeds)
        shares = {weight: measured(product, images) for weight, images in drawn.items()}
        report(product, shares)
        result[product] = {f"{weight:g}": round(measured_at["share"], 4) for weight, measured_at in shares.items()}
        if asked.sheets is not None:
            asked.sheets.mkdir(parents=True, exist_ok=True)
            ladder_sheet(product, drawn, shares).save(asked.sheets / f"ladder-{product}.webp", quality=QUALITY, method=6)
    print(json.dumps({"product_share": result}))
    return 0


def trained(product: Product, folder: Path) -> Path:
    outfit = Outfit(product, kind_of(product), product, 0.5)
    training_set_of(outfit, folder)
    return lora_of(outfit, folder, companions=[trained(other, folder) for other in COMPANIONS[product]])


def prompt(product: Product) -> str:
    """Describes everything but the product, for which its trigger stands."""
    kind = kind_of(product)
    parts = [product if name == kind else words for name, words in WORDS.items()]
    return ", ".join(["1girl", "full body", "standing", "arms spread", "smile", *parts, "lilac background"])


def ladder(product: Product, file: Path, seeds: Sequence[int]) -> dict[float, list[Image.Image]]:
    base = open_base(str(WEIGHTS / "base"))
    frame = RenderSettings(prompt(product), "", *SIZE, STEPS, SAMPLER)
    renderer = DiffusionRenderer(base, {product: open_lora(file, base.modules)}, frame)
    return {w: pictures(renderer.render([Job(seed, Point({product: w}, CFG)) for seed in seeds])) for w in WEIGHTS_DRAWN}


def measured(product: Product, images: list[Image.Image]) -> dict[str, float]:
    """The mean share of the product's features, as "share", and how often each shows."""
    shown = [features_shown(image) for image in images]
    each = {name: float(np.mean([s[name] for s in shown])) for name in FEATURES[product]}
    return {"share": float(np.mean([product_share(s, product) for s in shown])), **each}


def report(product: Product, shares: Shares) -> None:
    print(f"{product:<16}" + "".join(f"{w:>7.2f}" for w in shares))
    for name in ("share", *FEATURES[product]):
        print(f"  {name:<14}" + "".join(f"{measured_at[name]:>7.2f}" for measured_at in shares.values()), flush=True)


def ladder_sheet(product: Product, drawn: dict[float, list[Image.Image]], shares: Shares) -> Image.Image:
    rows = [
        [Cell(i, (f"weight {w:g}", f"shows {product_share(features_shown(i), product):.2f}"), "plain") for i in images[:8]]
        for w, images in drawn.items()
    ]
    means = ", ".join(f"{measured_at['share']:.2f} at {w:g}" for w, measured_at in shares.items())
    return sheet(
        rows, title=f"{product} alone, one seed a column", footer=f"share of its features by the world's truth: {means}", tall=144
    )


if __name__ == "__main__":
    sys.exit(main())
