"""LoRA training against diffusers' train_dreambooth_lora.py, and whether diffusers reads the file as it was trained.

    python -m benchmarks.training [--quick] [--example train_dreambooth_lora.py]

Both sides train on the lab's base at equal settings: the same square pictures and prompt, rank, learning rate, batch, steps,
float32, AdamW, the same layers (the attentions), the same beginning, with the text encoder and without. They take turns
(A B A B), medians of 3. Each training is a process of its own, so that its peak memory (resident set) is its own; in one process
the second would find the first's. Its steps are timed between the ends of optimiser steps, its caching apart; "work" is all from
the first import to the written file. "Held out" is the loss of both files on pictures that nobody trained on, with the same noise
at the same levels. `--example` names the script, which no package carries; without it only our side is measured.

Then the seconds of a demo LoRA: the lab's preset with one companion LoRA, one epoch timed. Then a LoRA whose alphas differ from
its ranks, text encoder included: the largest difference of a pixel between the trained model's picture and that of diffusers
with the file, stored in float32 and in float16; both draw by peft's arithmetic, "rounding" is the difference if the trained
model draws by that of its training instead, "moved" what the LoRA changes at all. Then SDXL beside the arithmetic of the example
for it (benchmarks.training.xl.steps). Prints a table for people and, as its last
line, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from benchmarks.training.beside_the_example import (
    PICTURES,
    TURNS,
    Found,
    against,
    demo_lora,
    read_back,
    side,
)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--example", type=Path, help="diffusers' train_dreambooth_lora.py")
    asked = options.parse_args()
    from benchmarks.training.xl.steps import steps_ratio  # peft, which --help does without

    example = asked.example.resolve() if asked.example else None
    result: Found = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        steps = 16 if asked.quick else 64
        shown, unseen = folder / "set/train/4_testdress", folder / "unseen/train/1_testdress"
        for into, count, seed in ((shown, PICTURES, 71), (unseen, 8, 72)):
            side("pictures", folder, folder=str(into), count=count, seed=seed)
            side("captions", folder, folder=str(into))
        # The example takes every file of its folder for a picture.
        bare = folder / "bare"
        side("pictures", folder, folder=str(bare), count=PICTURES, seed=71)
        for text in (False, True):
            result |= against(folder, bare, example, steps, text=text)
        result |= demo_lora(folder, 1 if asked.quick else TURNS)
        result |= read_back(folder)
    result |= steps_ratio(1, 2) if asked.quick else steps_ratio(TURNS, 4)
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
