"""What the lab's base draws from captions that no training saw.

    python -m benchmarks.lab.lab_models [--quick] [--sheet FILE]

64 full bodies (16 with `--quick`): colours by the parser's masks and the world's palette, limbs by what is observed. The same
figures as the world draws them are measured too: what is wrong there is the yardstick's own fault. Prints a table for people and,
as its last line, one JSON object; `--sheet` writes all figures with what is wrong of each.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from numpy.typing import NDArray
from PIL import Image

from benchmarks.scores.figures import lab_observer
from dashboards.sheet import Cell, sheet
from scorers.observe.observation import Observation
from scorers.observe.parser_observer import ParserObserver
from studies.paperdoll.bundle import WEIGHTS
from studies.paperdoll.study import CFG, STEPS
from studies.paperdoll.world import palette
from studies.paperdoll.world.captions import caption
from studies.paperdoll.world.draw import draw
from studies.paperdoll.world.everyday import random_figure
from studies.paperdoll.world.figure import HIDDEN, Figure
from studies.paperdoll.world.pen import PARTS

SEED = 992
"""No training saw the figures of this seed."""
BATCH = 16
SIZE = (128, 192)
OUTLINES = 0.3
CLOTHING = ("top", "dress", "skirt")
WANTED = {"hair": 0.9, "garment": 0.9, "shoes": 0.9, "limbs": 0.95}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--sheet", type=Path)
    asked = options.parse_args()
    figures = [random_figure(np.random.default_rng((SEED, i))) for i in range(16 if asked.quick else 64)]
    observer = lab_observer()
    images = generated(figures)
    wrong = faults_of(figures, images, observer)
    truth = right(faults_of(figures, [draw(f, SIZE).image for f in figures], observer))
    result = right(wrong)
    for name, share in result.items():
        print(f"{name:<8} {share:6.3f}   wanted {WANTED[name]:.2f}   of drawn figures {truth[name]:6.3f}")
    if asked.sheet is not None:
        cells = [Cell(i, (short(f), ", ".join(w) or "all right"), "bad" if w else "plain")
                 for i, f, w in zip(images, figures, wrong, strict=True)]  # fmt: skip
        rows = [cells[at : at + 16] for at in range(0, len(cells), 16)]
        title = f"{len(cells)} held-out captions through the lab's base"
        sheet(rows, title=title, footer="what is written under a figure is wrong in it", tall=144).save(asked.sheet)
    shares = {f"captions_{name}": share for name, share in result.items()} | {f"drawn_{n}": share for n, share in truth.items()}
    print(json.dumps({name: round(share, 4) for name, share in shares.items()}))
    return 0


def right(wrong: list[list[str]]) -> dict[str, float]:
    return {name: 1 - sum(name in w for w in wrong) / len(wrong) for name in WANTED}


def generated(figures: list[Figure]) -> list[Image.Image]:
    pipe = StableDiffusionPipeline.from_pretrained(WEIGHTS / "base", torch_dtype=torch.float32, safety_checker=None)
    pipe.set_progress_bar_config(disable=True)
    found: list[Image.Image] = []
    for start in range(0, len(figures), BATCH):
        part = figures[start : start + BATCH]
        seeds = [torch.Generator().manual_seed(start + i) for i in range(len(part))]
        found += pipe(
            [caption(f) for f in part],
            width=SIZE[0],
            height=SIZE[1],
            num_inference_steps=STEPS,
            guidance_scale=CFG,
            generator=seeds,
        ).images
    return found


def faults_of(figures: list[Figure], images: list[Image.Image], observer: ParserObserver) -> list[list[str]]:
    """What is wrong in each image: names of WANTED."""
    parts, seen = observer.parser.parse(images), observer.observe(images)
    return [faults(*one) for one in zip(figures, images, parts, seen, strict=True)]


def faults(figure: Figure, image: Image.Image, parts: NDArray[np.uint8], seen: Observation) -> list[str]:
    pixels = np.asarray(image.convert("RGB"), np.float32)
    garment, hair = figure.garment, (figure.identity.hair,)
    pieces = {
        "hair": (hair, palette.HAIR, ("hair",)),
        "garment": (tuple(dict.fromkeys((garment.upper, garment.lower))), palette.CLOTH, CLOTHING),
        "shoes": ((figure.shoes.colour,), palette.CLOTH, ("feet",)),
    }
    trims = trim_colours(figure)
    wrong = []
    for name, (colours, colours_by_name, where) in pieces.items():
        mask = np.isin(parts, [PARTS.index(part) for part in where])
        found = [
            colour
            for colour in commonest(pixels[mask], colours_by_name)
            if colour in colours or colour not in trims.get(name, ())
        ]
        if not set(colours) <= set(found[: len(colours)]):
            wrong.append(name)
    arms = 2 if figure.pose.arms in HIDDEN else len(seen.hands)
    if (seen.heads, seen.feet, arms) != (1, 2, 2):
        wrong.append("limbs")
    return wrong


def trim_colours(figure: Figure) -> dict[str, set[str | None]]:
    """Colours that the caption gives to trims and patterns: they may cover as much of a piece as its own colour."""
    g, s = figure.garment, figure.shoes
    trims = {g.straps, g.belt, g.hem, g.collar, g.buttons, g.emblem.colour if g.emblem else None}
    ink = set() if g.pattern == "plain" else {"white" if g.lower != "white" else "grey"}
    return {"garment": trims | ink, "shoes": {s.soles, s.dots}}


def commonest(pixels: NDArray[np.float32], colours_by_name: dict[str, palette.RGB]) -> list[str]:
    """The colours that most pixels are nearest to, skin left out. Outlines are black too: a share below OUTLINES is theirs."""
    names = [*colours_by_name, "black", *palette.SKIN]
    table = np.array([*colours_by_name.values(), palette.LINE, *palette.SKIN.values()], np.float32)
    nearest = np.linalg.norm(pixels[:, None] - table, axis=2).argmin(axis=1)
    counted = Counter(names[i] for i in nearest.tolist() if i <= len(colours_by_name))
    outlines = OUTLINES * len(pixels)
    return [name for name, n in counted.most_common() if name != "black" or n >= outlines]


def short(figure: Figure) -> str:
    g, s = figure.garment, figure.shoes
    garment = g.upper if g.upper == g.lower else f"{g.upper}+{g.lower}"
    return f"{figure.identity.hair}, {garment} {g.kind}, {s.colour} {s.kind}"


if __name__ == "__main__":
    sys.exit(main())
