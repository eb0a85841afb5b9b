"""What the world's truth finds of every product: on drawn figures, and on the same ones after the lab's autoencoder.

    python -m benchmarks.lab.features_shown [--quick]

100 standing figures in each product (25 with `--quick`), and 25 without each feature. What the autoencoder loses no LoRA shows.
Prints a table for people and, as its last line, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace

import numpy as np
from diffusers import AutoencoderTiny
from PIL import Image

from studies.paperdoll.bundle import WEIGHTS
from studies.paperdoll.make.autoencoder import through
from studies.paperdoll.world.draw import draw
from studies.paperdoll.world.everyday import random_figure
from studies.paperdoll.world.figure import Figure
from studies.paperdoll.world.products import FEATURES, wear
from studies.paperdoll.world.truth import features_shown

SEED = 993
"""No training saw the figures of this seed."""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    count = 25 if options.parse_args().quick else 100
    figures = [standing(np.random.default_rng((SEED, i))) for i in range(count)]
    vae = AutoencoderTiny.from_pretrained(WEIGHTS / "base" / "vae").float()
    result: dict[str, dict[str, list[float]]] = {}
    print(f"{'product':<12} {'feature':<16} {'drawn':>6} {'coded':>6} {'without':>8}")
    for product, names in FEATURES.items():
        worn = [draw(wear(f, product)).image for f in figures]
        bare = [[draw(wear(f, product, without=frozenset([name]))).image for f in figures[:25]] for name in names]
        groups = [worn, through(vae, worn)]
        for name, without in zip(names, bare, strict=True):
            found = [share(images, name) for images in (*groups, without)]
            result.setdefault(product, {})[name] = found
            print(f"{product:<12} {name:<16} {found[0]:6.2f} {found[1]:6.2f} {found[2]:8.2f}", flush=True)
    print(json.dumps({"features": result}))
    return 0


def standing(rng: np.random.Generator) -> Figure:
    figure = random_figure(rng)
    return replace(figure, pose=replace(figure.pose, sitting=False))


def share(images: list[Image.Image], feature: str) -> float:
    return float(np.mean([features_shown(image)[feature] for image in images]))


if __name__ == "__main__":
    sys.exit(main())
