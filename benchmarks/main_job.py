"""From photos to the pick in an empty workspace, one process: minutes, trials, and whether the pick is true.

    python -m benchmarks.main_job [--quick]

Prints a table for people and, as its last line, one JSON object. `--quick` scouts 4 seeds and searches 10 images.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from PIL import Image

from studies.paperdoll.world.products import FEATURES, OUTFIT
from studies.paperdoll.world.truth import features_shown, product_share


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--keep", type=Path, help="a folder to leave the workspace in")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = chosen.keep or Path(scratch) / "demo"
        began = time.monotonic()
        status, found = run_demo(folder, quick=chosen.quick)
        minutes = (time.monotonic() - began) / 60
        shown = features_shown(Image.open(found["pick"]["image"])) if found["pick"] else {}
    report(minutes, found, shown)
    result = {
        "minutes": round(minutes, 2),
        "trials": found["trials"],
        "feasible": found["feasible"],
        "true_features": {product: round(product_share(shown, product), 3) if shown else 0.0 for product in OUTFIT},
    }
    print(json.dumps(result))
    return status


def run_demo(folder: Path, *, quick: bool) -> tuple[int, dict[str, Any]]:
    """`huanhua demo` as a user runs it, in a process of its own."""
    command = [sys.executable, "-m", "huanhua", "demo", str(folder), "--json"]
    command += ["--scout", "4", "--trials", "10"] if quick else []
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"the demo ended with status {done.returncode}")
    return done.returncode, json.loads(done.stdout)


def report(minutes: float, found: dict[str, Any], shown: dict[str, bool]) -> None:
    print(f"machine   {platform.processor() or platform.machine()}")
    print(f"minutes   {minutes:.1f}")
    print(f"trials    {found['trials']}")
    print(f"feasible  {found['feasible']}")
    if found["pick"]:
        print("weights   " + "  ".join(f"{n} {w:.2f}" for n, w in found["pick"]["weights"].items()))
    for product in OUTFIT if shown else ():
        names = FEATURES[product]
        print(f"{product:<9} " + ", ".join(f"{n}: {'yes' if shown[n] else 'NO'}" for n in names))


if __name__ == "__main__":
    sys.exit(main())
