"""Whether fingers can still be counted after the lab's autoencoder: drawn hands, and the same ones encoded and decoded.

    python -m benchmarks.lab.fingers [--quick] [--sheet FILE]

60 standing figures (20 with `--quick`) that no training saw, with whole hands and with each kind of broken ones. The hand judge
must call whole hands whole and broken ones broken, at 0.5. Prints a table for people and, as its last line, one JSON object;
`--sheet` writes hands before and after, for the eye.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from diffusers import AutoencoderTiny
from PIL import Image

from dashboards.sheet import Cell, sheet
from models.boxes import PixelBox
from scorers.observe.limbs.hand_judge import HandJudge, hand_crop, open_hand_judge
from scorers.observe.parts import pieces
from studies.paperdoll.bundle import WEIGHTS
from studies.paperdoll.make.autoencoder import through
from studies.paperdoll.world.draw import Drawing, draw
from studies.paperdoll.world.everyday import random_figure
from studies.paperdoll.world.figure import BROKEN_HANDS, HandState
from studies.paperdoll.world.pen import PART

SEED = 994
"""No training saw the figures of this seed."""
STATES: tuple[HandState, ...] = ("whole", *BROKEN_HANDS)
SMALLEST_PIECE = 0.0015
BROKEN = 0.5
SHOWN = 12
ENLARGED = 96
Pair = tuple[Image.Image, Image.Image]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--sheet", type=Path)
    asked = options.parse_args()
    judge = open_hand_judge(WEIGHTS / "hands" / "hands.onnx")
    vae = AutoencoderTiny.from_pretrained(WEIGHTS / "base" / "vae").float()
    hands = {state: pairs(state, 20 if asked.quick else 60, vae) for state in STATES}
    result = {state: judged_rightly(judge, state, found) for state, found in hands.items()}
    print(f"{'hands':<10} {'drawn':>6} {'coded':>6}   share that is judged rightly")
    for state, (drawn, coded) in result.items():
        print(f"{state:<10} {drawn:6.3f} {coded:6.3f}   of {len(hands[state])}")
    if asked.sheet is not None:
        hand_sheet(hands).save(asked.sheet)
    print(json.dumps({"fingers": {state: [round(x, 4) for x in both] for state, both in result.items()}}))
    return 0


def pairs(state: HandState, count: int, vae: AutoencoderTiny) -> list[Pair]:
    """Crops of hands in `state`, drawn and after encoding and decoding: all that lie whole in their pictures."""
    drawn = [drawing(state, index) for index in range(count)]
    coded = through(vae, [d.image for d in drawn])
    return [
        (hand_crop(d.image, box), hand_crop(image, box)) for d, image in zip(drawn, coded, strict=True) for box in hand_boxes(d)
    ]


def drawing(state: HandState, index: int) -> Drawing:
    figure = random_figure(np.random.default_rng((SEED, index)))
    pose = replace(figure.pose, sitting=False, arms="arms down", hands=(state, state))
    return draw(replace(figure, pose=pose), seed=index)


def hand_boxes(drawn: Drawing) -> list[PixelBox]:
    height, width = drawn.parts.shape
    found = [piece.box for piece in pieces(drawn.parts == PART["hands"], SMALLEST_PIECE)]
    return [b for b in found if b[0] >= 1 and b[1] >= 1 and b[2] <= width - 1 and b[3] <= height - 1]


def judged_rightly(judge: HandJudge, state: HandState, found: list[Pair]) -> tuple[float, float]:
    """The shares judged rightly among drawn and coded hands."""
    drawn, coded = (np.array(judge.broken(list(crops))) for crops in zip(*found, strict=True))
    wanted = state != "whole"
    return float(((drawn > BROKEN) == wanted).mean()), float(((coded > BROKEN) == wanted).mean())


def hand_sheet(hands: dict[HandState, list[Pair]]) -> Image.Image:
    rows, labels = [], []
    for state, found in hands.items():
        for name, crops in zip(("drawn", "coded"), zip(*found[:SHOWN], strict=True), strict=True):
            rows.append([Cell(crop.resize((ENLARGED, ENLARGED), Image.Resampling.NEAREST)) for crop in crops])
            labels.append(f"{state}, {name}")
    return sheet(rows, title="Hands before and after the autoencoder", row_labels=labels, tall=ENLARGED)


if __name__ == "__main__":
    sys.exit(main())
