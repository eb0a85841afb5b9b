"""LoRA training on a base of SD1.5's published shapes against kohya's sd-scripts, in an environment of its own.

    python -m benchmarks.training.beside_kohya --kohya FOLDER --kohya-python PYTHON [--size 512] [--steps 3] [--turns 3]

FOLDER holds train_network.py, PYTHON has what it needs: this project carries neither. Both sides train at equal settings: the
same random weights, square pictures and captions, rank 32 in UNet and text encoder, batch 1, float32, AdamW, constant learning
rates, one pass. Both keep the pictures' latents from before the first step, and encode captions in every step, since the text
encoder trains. Neither stores a state to go on from. kohya's scripts are started with --sdpa, their defaults else. The two take
turns (A B A B); each training is a process of its own on the device that it chooses by itself. A step is timed between the ends
of optimiser steps, the first left out; beside the elapsed time stands the time on a processor, which other work on the machine
moves less, and that without the kernel's share. "work" is all from the first import to the written file. What holds threads and
devices back (OMP_NUM_THREADS, CUDA_VISIBLE_DEVICES) is set from outside.

Then the two LoRA files are compared: tensors, alphas, metadata. Prints tables for people and, as its last line, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.training.beside_the_example import ROOT, Found, side
from benchmarks.training.files_compared import counted, differences, print_differences
from benchmarks.training.memory import write_base, write_set
from benchmarks.training.script_side import versions

RANK: Final = 32
ALPHA: Final = 16
LEARNING_RATE: Final = 1e-4
TEXT_LEARNING_RATE: Final = 5e-5
WEIGHT_DECAY: Final = 0.01
OURS: Final = (
    "plan.batch=1", "plan.epochs=1", f"rank={RANK}", f"alpha={ALPHA}", f"text_rank={RANK}", f"text_alpha={ALPHA}",
    f"learning_rate={LEARNING_RATE}", f"text_learning_rate={TEXT_LEARNING_RATE}", f"weight_decay={WEIGHT_DECAY}",
    "layers=blocks", "precision=float32", "stored=float16", "schedule=constant", "warmup=0", "min_snr_gamma=none",
    "noise_offset=0", "variety.shuffle=false", "variety.dropout=0", "variety.tag_dropout=0",
)  # fmt: skip
KOHYA: Final = (
    "--train_batch_size", "1", "--network_module", "networks.lora", "--network_dim", str(RANK), "--network_alpha", str(ALPHA),
    "--learning_rate", str(LEARNING_RATE), "--unet_lr", str(LEARNING_RATE), "--text_encoder_lr", str(TEXT_LEARNING_RATE),
    "--optimizer_type", "AdamW", "--optimizer_args", f"weight_decay={WEIGHT_DECAY}", "--lr_scheduler", "constant",
    "--mixed_precision", "no", "--save_precision", "fp16", "--save_model_as", "safetensors", "--caption_extension", ".txt",
    "--cache_latents", "--sdpa", "--seed", "0", "--max_data_loader_n_workers", "0",
)  # fmt: skip
TOKENIZER: Final = "openai_clip-vit-large-patch14"
"""The folder that the scripts look for in their tokenizers' cache."""
MEASURED: Final = ("wall", "own", "user", "work", "peak_mb")


@dataclass(frozen=True)
class Kohya:
    """kohya's sd-scripts as they are installed: their folder, and the Python that has their packages."""

    folder: Path
    python: Path


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--kohya", type=Path, required=True, metavar="FOLDER", help="the folder of train_network.py")
    options.add_argument("--kohya-python", type=Path, required=True, metavar="PYTHON", help="the Python that has its packages")
    options.add_argument("--size", type=int, default=512, help="width and height of the pictures")
    options.add_argument("--steps", type=int, default=3, help="steps of a training, the first of which is not timed")
    options.add_argument("--turns", type=int, default=3)
    asked = options.parse_args()
    wrong = fault(asked)
    if wrong:
        options.error(wrong)
    # Not resolved: a virtual environment's Python is a link to one that lacks its packages.
    kohya = Kohya(asked.kohya.resolve(), asked.kohya_python.absolute())
    with tempfile.TemporaryDirectory() as scratch:
        result = against(kohya, Path(scratch), asked.size, asked.steps, asked.turns)
    print(json.dumps(result))
    return 0


def fault(asked: argparse.Namespace) -> str | None:
    """What is wrong with the options, in one line."""
    if not (asked.kohya / "train_network.py").is_file():
        return f"--kohya: there is no train_network.py in {asked.kohya}; name the folder of kohya's sd-scripts"
    if not os.access(asked.kohya_python, os.X_OK) or asked.kohya_python.is_dir():
        return f"--kohya-python: {asked.kohya_python} is no program; name the Python of the scripts' environment"
    if asked.size < 64 or asked.size % 64:
        return f"--size: {asked.size} is no multiple of 64, to which the scripts round"
    if asked.steps < 2:
        return f"--steps: {asked.steps} is too few, since the first step is not timed; give at least 2"
    return None if asked.turns >= 1 else f"--turns: {asked.turns} is too few; give at least 1"


def against(kohya: Kohya, folder: Path, size: int, steps: int, turns: int) -> Found:
    """Both sides in turns, the table, and the comparison of their files."""
    from models.base.family import CONFIGS

    base = folder / "base.safetensors"
    write_base(base)
    write_set(folder / "data", (size, size), steps)
    shutil.copytree(CONFIGS / "sd15" / "tokenizer", folder / "tokenizers" / TOKENIZER)
    runs: dict[str, list[Found]] = {"ours": [], "kohya": []}
    load = [os.getloadavg()[0]]
    for turn in range(turns):
        out = folder / str(turn)
        given = {"base": str(base), "data": str(folder / "data"), "out": str(out / "ours.safetensors"), "settings": OURS}
        mine = side("ours", folder, **given, checkpoints=False)
        theirs = kohya_side(kohya, folder, base, out, size, steps)
        for name, found in (("ours", mine), ("kohya", theirs)):
            if found["steps"] != steps:
                raise SystemExit(f"{name} took {found['steps']} steps in place of {steps}: the two are not comparable")
            runs[name].append(found)
            seen = ", ".join(f"{what} {found[what]:.2f}" for what in MEASURED)
            print(f"turn {turn + 1}, {name}: {seen}; load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
        load.append(os.getloadavg()[0])
    print(f"SD1.5's shapes, {size}x{size}, rank {RANK}, batch 1, text encoder trained, float32, {steps} steps, {turns} turns")
    result = {"size": size, "steps": steps, "turns": turns, "load": [round(x, 1) for x in load], **compared(runs)}
    result |= {"versions": {"ours": versions(), "kohya": runs["kohya"][0]["versions"]}}
    files = differences(out / "ours.safetensors", out / "kohya.safetensors")
    print_differences(files, "kohya")
    return {**result, "files": counted(files)}


def kohya_side(kohya: Kohya, folder: Path, base: Path, out: Path, size: int, steps: int) -> Found:
    """One training by the unedited train_network.py; it finds the tokenizer among the files of this project."""
    found = folder / "found.json"
    found.unlink(missing_ok=True)
    given = {
        "pretrained_model_name_or_path": base, "train_data_dir": folder / "data", "output_dir": out, "output_name": "kohya",
        "resolution": f"{size},{size}", "max_train_steps": steps, "tokenizer_cache_dir": folder / "tokenizers",
    }  # fmt: skip
    arguments = [text for name, value in given.items() for text in (f"--{name}", str(value))]
    command = [str(kohya.python), "-m", "benchmarks.training.script_side", str(found), str(kohya.folder / "train_network.py")]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([*command, *arguments, *KOHYA], cwd=kohya.folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode or not found.exists():
        raise SystemExit(f"kohya ended with status {done.returncode}:\n{done.stderr[-4000:]}")
    answer: Found = json.loads(found.read_text())
    return answer


def compared(runs: dict[str, list[Found]]) -> Found:
    """Medians of all turns by side, and the ratio of each turn, of which the median is less moved by a machine that changes."""
    medians = {name: {what: statistics.median(run[what] for run in found) for what in MEASURED} for name, found in runs.items()}
    print(f"  {'':<8}{'steps/s':>12}{'processor s':>14}{'user s':>10}{'work s':>10}{'peak MB':>10}")
    for name, found in medians.items():
        seconds = f"{1 / found['wall']:>12.4f}{found['own']:>14.2f}{found['user']:>10.2f}{found['work']:>10.1f}"
        print(f"  {name:<8}{seconds}{found['peak_mb']:>10.0f}")
    ratios = {what: [b[what] / a[what] for a, b in zip(runs["ours"], runs["kohya"], strict=True)] for what in MEASURED}
    titles = {
        "wall": "kohya's seconds a step / ours",
        "own": "the same, of a processor",
        "user": "the same without the kernel's",
        "work": "of the whole process",
        "peak_mb": "memory",
    }
    for what, title in titles.items():
        turns = " ".join(f"{ratio:.3f}" for ratio in ratios[what])
        print(f"  {title:<32}{statistics.median(ratios[what]):>8.3f}   turns: {turns}", flush=True)
    return {
        "medians": {name: _rounded(found) for name, found in medians.items()},
        "ratios": _rounded({what: statistics.median(found) for what, found in ratios.items()}),
    }


def _rounded(found: dict[str, Any]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in found.items()}


if __name__ == "__main__":
    sys.exit(main())
