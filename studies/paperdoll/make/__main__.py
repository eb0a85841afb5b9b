"""`make lab`: trains the lab's models in the order in which they stand on each other. A killed run goes on where it was.

Each finished model is marked by a file in `.lab/done`; remove the mark to make a model again, and all that follow it.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import torch

from studies.paperdoll.bundle import WEIGHTS
from studies.paperdoll.frozen import freeze
from studies.paperdoll.make import autoencoder, base, clip, control, faces, hands, loras, parser, tagger, text

LAB = Path(".lab")
Make = Callable[[Path, Path], object]
STEPS: tuple[tuple[str, Make, str], ...] = (
    ("autoencoder", autoencoder.make, "base"),
    ("text", text.make, "base"),
    ("base", base.make, "base"),
    ("parser", parser.make, "parser"),
    ("faces", faces.make, "faces"),
    ("hands", hands.make, "hands"),
    ("clip", clip.make, "clip"),
    ("tagger", tagger.make, "tagger"),
    ("loras", loras.make, "loras"),
    ("control", control.make, "control"),
)


def main() -> None:
    done, work = LAB / "done", LAB / "work"
    done.mkdir(parents=True, exist_ok=True)
    stale = False
    for name, make, folder in STEPS:
        mark = done / name
        if mark.exists() and not stale:
            print(f"{name}: made already", flush=True)
            continue
        stale = True
        began = time.monotonic()
        make(LAB / folder, work)
        shutil.copytree(LAB / folder, WEIGHTS / folder, dirs_exist_ok=True)
        freeze(folder)
        mark.write_text(f"{time.monotonic() - began:.0f} s with {torch.get_num_threads()} threads\n")
        print(f"{name}: {mark.read_text().strip()}", flush=True)


if __name__ == "__main__":
    main()
