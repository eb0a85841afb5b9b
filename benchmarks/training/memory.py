"""The memory that training a LoRA on SD1.5 takes at 512x768, by arithmetic from trainings of smaller pictures.

    python -m benchmarks.training.memory [--quick]

A base of SD1.5's published shapes, with random weights, is trained as `huanhua train` trains it: the preset for clothing, text
encoder included as the preset has it, bfloat16 arithmetic as a GPU computes, two steps of one picture. Every tensor that is alive
counts (benchmarks.training.live_memory). Activations grow with the picture's area; a line through 128x192 and 256x384 foretells
512x768, and 384x576 checks the line. A GPU's context and workspaces come on top. `--quick` leaves out the check. Prints a table
for people and, as its last line, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

GB: Final = 2**30
"""Bytes, as the memory of graphics cards is sold."""
SMALL: Final = ((128, 192), (256, 384))
CHECKED: Final = (384, 576)
WANTED: Final = (512, 768)
ALLOWED: Final = 8.0
"""GB, all that a card of that size has."""


@dataclass(frozen=True)
class Peaks:
    """Peaks in GB of one training."""

    encoding: float
    training: float


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--one", nargs=3, metavar=("BASE", "WIDTH", "HEIGHT"), help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.one:
        peaks = measured(Path(asked.one[0]), (int(asked.one[1]), int(asked.one[2])))
        print(json.dumps({"encoding": peaks.encoding, "training": peaks.training}))
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch) / "base.safetensors"
        write_base(base)
        found = {size: apart(base, size) for size in (*SMALL, *(() if asked.quick else (CHECKED,)))}
    report(found)
    return 0


def write_base(path: Path) -> None:
    from benchmarks.parity.random_models import write_checkpoint

    write_checkpoint(path, "sd15")


def apart(base: Path, size: tuple[int, int]) -> Peaks:
    """One training in a process of its own, so that nothing of another one lives."""
    command = [sys.executable, "-m", "benchmarks.training.memory", "--one", str(base), *map(str, size)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Peaks(**json.loads(done.stdout.splitlines()[-1]))


def measured(base: Path, size: tuple[int, int]) -> Peaks:
    """Two steps: the optimiser's states exist from the second on."""
    from benchmarks.training.live_memory import LiveMemory
    from models.base.opening import open_base
    from studies.training.train import train_request
    from trainers.train.progress import Progress
    from trainers.train.train import train

    peaks: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_set(folder / "data", size)
        settings = ["plan.epochs=1", "plan.batch=1", "precision=bfloat16"]
        request = train_request(folder / "data", folder / "x.safetensors", "clothing", trigger="thing", settings=settings)
        opened = open_base(base)
        weights = [p for model in (opened.denoiser, opened.vae, *opened.text_encoders.values()) for p in model.parameters()]
        with LiveMemory(weights) as memory:

            def on_progress(progress: Progress) -> None:
                stage = progress.stage.split()[0]
                peaks[stage] = max(peaks.get(stage, 0.0), memory.peak / GB)
                memory.restart()

            train(request, opened, progress=on_progress)
    return Peaks(peaks["encoding"], peaks["training"])


def write_set(folder: Path, size: tuple[int, int], count: int = 2) -> None:
    """Pictures of noise in kohya's layout."""
    into = folder / "1_thing"
    into.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for index in range(count):
        Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), np.uint8)).save(into / f"{index}.png")
        (into / f"{index}.txt").write_text("thing, 1girl", encoding="utf-8")


def foretold(found: dict[tuple[int, int], Peaks], stage: str, size: tuple[int, int]) -> float:
    """GB at `size`, by the line through the small sizes."""
    (x0, y0), (x1, y1) = ((w * h, float(getattr(found[w, h], stage))) for w, h in SMALL)
    return y0 + (y1 - y0) * (size[0] * size[1] - x0) / (x1 - x0)


def report(found: dict[tuple[int, int], Peaks]) -> None:
    print(f"{'pictures':<12}{'encoding':>10}{'training':>10}  GB")
    for size, peaks in found.items():
        print(f"{size[0]}x{size[1]:<8}{peaks.encoding:>10.3f}{peaks.training:>10.3f}")
    told = {stage: foretold(found, stage, WANTED) for stage in ("encoding", "training")}
    print(f"{WANTED[0]}x{WANTED[1]:<8}{told['encoding']:>10.3f}{told['training']:>10.3f}  foretold; {ALLOWED:g} are there")
    result = {"memory_gb": {stage: round(value, 3) for stage, value in told.items()}}
    if CHECKED in found:
        off = {s: round(foretold(found, s, CHECKED) - getattr(found[CHECKED], s), 3) for s in told}
        print(f"{CHECKED[0]}x{CHECKED[1]} foretold: off by {off['encoding']:+.3f} and {off['training']:+.3f}")
        result["off_gb"] = off
    print(json.dumps(result))


if __name__ == "__main__":
    sys.exit(main())
