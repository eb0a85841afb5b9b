"""What LoRA weights cost: three rank-32 LoRAs folded per image against the untouched UNet, and against peft's unfolded ways.

    python -m benchmarks.rendering [--quick] [--device cuda] [--dtype float16]

All sides take turns in one process; medians. UNet calls hold two rows an image (guidance), as in drawing. The SD1.5-shaped UNet
has the published architecture with random weights, at 256x256 pixels on a processor (128x128 with `--quick`), at 512x768 on
other devices. The lab is always drawn in float32; `--dtype` is that of the SD1.5-shaped UNet. Prints a table for people and, as
its last line, one JSON object. A ratio of 1 is the speed of the other side, 2 twice its speed.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys

import torch

from benchmarks.rendering.folding import fold_ratios
from benchmarks.rendering.speed import (
    STEPS,
    against_peft,
    bare_and_folded,
    batch_and_alone,
    shaped_like,
    study_of,
)
from models.base.opening import open_base
from studies.paperdoll.bundle import WEIGHTS
from studies.paperdoll.study import SIZE


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--device", default="cpu")
    options.add_argument("--dtype", choices=("float32", "bfloat16", "float16"), default="float32")
    asked = options.parse_args()
    quick, on_processor = asked.quick, asked.device == "cpu"
    rounds = 3 if quick else 5 if on_processor else 20
    found: dict[str, float] = {}
    lab = open_base(WEIGHTS / "base", device=asked.device)
    found |= bare_and_folded("lab_b1", lab.denoiser, (SIZE[1] // lab.factor, SIZE[0] // lab.factor), 1, rounds * 9)
    found |= batch_and_alone(lab, 5 if quick else STEPS)
    found |= study_of(lab, images=4 if quick else 40 if on_processor else 12, steps=5 if quick else STEPS)
    del lab
    gc.collect()
    size = (96, 64) if not on_processor else (16, 16) if quick else (32, 32)
    with torch.device(asked.device):
        unet = shaped_like("sd15").to(getattr(torch, asked.dtype))
    for batch in (1, 4):
        found |= bare_and_folded(f"sd15_b{batch}", unet, size, batch, rounds)
    for batch in (4,) if on_processor else (1, 4):
        found |= against_peft(unet, size, batch, rounds)
    del unet
    gc.collect()
    with torch.no_grad():
        found |= fold_ratios(rounds, asked.device)
    print(json.dumps({name: round(value, 4) for name, value in found.items()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
