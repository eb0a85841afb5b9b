"""What both checkouts are given, and the commands that each runs by its own command line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import yaml

from studies.paperdoll.bundle import WEIGHTS, lora_file
from studies.paperdoll.photos import write_photos
from studies.paperdoll.study import LEFT_TO_TRIGGER, OUTFITS, PHOTOS, SIZE, study_text

SEEDS: Final = ("1035748229", "903577953")
TRIALS: Final = "10"
OUTPUTS: Final = "outputs"


@contextmanager
def at_one_place(folder: Path, place: Path) -> Iterator[Path]:
    """Moves a side's folder to `place` while it lasts: absolute paths in what is written are then those of the other side."""
    if folder.exists():
        folder.rename(place)
    place.mkdir(parents=True, exist_ok=True)
    try:
        yield place
    finally:
        place.rename(folder)


def make_inputs(folder: Path) -> None:
    """Photos, the LoRAs that ship, and the demo's study with absolute names of the lab's models; made once."""
    if (folder / "study.yaml").exists():
        return
    for outfit in OUTFITS:
        write_photos(outfit.product, folder / "photos" / outfit.name, PHOTOS)
        (folder / "loras").mkdir(exist_ok=True)
        shutil.copyfile(lora_file(outfit.product), folder / "loras" / f"{outfit.product}.safetensors")
    text = yaml.safe_load(study_text(folder).replace(os.path.relpath(WEIGHTS, folder), str(WEIGHTS)))
    (folder / OUTPUTS).mkdir()
    (folder / "study.yaml").write_text(yaml.safe_dump(text, sort_keys=False), encoding="utf-8")


def run_commands(checkout: Path, folder: Path) -> None:
    """Each command's standard output goes to a file of its name under `outputs`, by which a second run passes it over."""
    size = f"{SIZE[0]}x{SIZE[1]}"
    for outfit in OUTFITS:
        command = ["prepare", f"photos/{outfit.name}", f"data/{outfit.name}", "--kind", outfit.kind, "--size", size]
        command += ["--trigger", outfit.product, "--left-to-trigger", str(LEFT_TO_TRIGGER)]
        command += ["--parser", str(WEIGHTS / "parser"), "--tagger", str(WEIGHTS / "tagger")]
        run(checkout, folder, f"prepare-{outfit.name}", command)
    train = ["train", "data/dress", "--base", str(WEIGHTS / "base"), "--kind", "clothing", "--preset", "lab"]
    train += ["--set", "plan.epochs=1", "--beside", "loras/myface.safetensors", "--out", "trained/dress.safetensors"]
    run(checkout, folder, "train", train)
    run(checkout, folder, "lora-show", ["lora", "show", "trained/dress.safetensors"])
    run(checkout, folder, "validate", ["validate", "."])
    run(checkout, folder, "scout", ["scout", ".", "--seeds", "3", "--json"])
    run(checkout, folder, "lock", ["lock", ".", *SEEDS])
    run(checkout, folder, "run", ["run", ".", "--trials", TRIALS])
    for seed in SEEDS:
        run(checkout, folder, f"show-{seed}", ["show", ".", "--seed", seed, "--json"])
    grid = ["grid", ".", "--seed", SEEDS[0], "--x", "dress=0.5:0.7:0.1", "--y", "face+shoes=0.6,0.7", "--json"]
    run(checkout, folder, "grid", grid)
    for to in ("png", "a1111", "comfyui", "diffusers", "lora"):
        run(checkout, folder, f"export-{to}", ["export", ".", "--to", to])
    run(checkout, folder, "score", ["score", "photos/dress/IMG_0000.jpg", "--study", ".", "--seed", SEEDS[0], "--json"])


def run_demo(checkout: Path, folder: Path) -> Path:
    folder.parent.mkdir(parents=True, exist_ok=True)
    if not (folder / "done").exists():
        _call(checkout, folder.parent, ["demo", folder.name], folder.with_suffix(".txt"))
        (folder / "done").touch()
    return folder


def run(checkout: Path, folder: Path, name: str, command: list[str]) -> None:
    out = folder / OUTPUTS / f"{name}.txt"
    if not out.exists():
        _call(checkout, folder, command, out)


def _call(checkout: Path, folder: Path, command: list[str], out: Path) -> None:
    """Raises SystemExit for a status other than 0 and 1, which means that nothing is feasible."""
    module = "huanhua" if (checkout / "huanhua" / "__main__.py").exists() else "studies.cli"
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", module, *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 1):
        raise SystemExit(f"{checkout.name}: {' '.join(command)} ended with status {done.returncode}:\n{done.stderr[-4000:]}")
    out.write_text(done.stdout, encoding="utf-8")
    print(f"{checkout.name:<8} {command[0]:<10} {time.monotonic() - began:6.1f} s", file=sys.stderr, flush=True)
