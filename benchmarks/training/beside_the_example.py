"""Both sides in turns, what a demo LoRA takes, and the file read back by diffusers."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


BASE = ROOT / "studies" / "paperdoll" / "weights" / "base"


COMPANION = ROOT / "studies" / "paperdoll" / "weights" / "loras" / "myface.safetensors"


PROMPT = "1girl, testdress"


RANK, BATCH, LEARNING_RATE, PICTURES = 8, 8, 1e-3, 16
SETTINGS = (
    f"plan.batch={BATCH}", f"rank={RANK}", f"alpha={RANK}", f"text_alpha={RANK}", "layers=attention", "init=gaussian",
    "precision=float32",
    f"learning_rate={LEARNING_RATE}", f"text_learning_rate={LEARNING_RATE}", "schedule=constant", "warmup=0",
    "min_snr_gamma=none", "noise_offset=0", "variety.shuffle=false", "variety.dropout=0", "stored=float32",
)  # fmt: skip


TURNS = 3


Found = dict[str, Any]


def side(name: str, scratch: Path, /, **given: object) -> Found:
    """What one side found, its whole process's seconds among it."""
    found = scratch / "found.json"
    env = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}", "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-m", "benchmarks.training.sides", name, json.dumps({**given, "found": str(found)})]
    began = time.perf_counter()
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} ended with status {done.returncode}:\n{done.stderr[-4000:]}")
    return {**json.loads(found.read_text()), "process": time.perf_counter() - began}


def against(folder: Path, bare: Path, example: Path | None, steps: int, *, text: bool) -> Found:
    """Both sides in turns, their files' losses, and the ratios."""
    which = "text" if text else "unet"
    found: dict[str, list[Found]] = {"ours": [], "example": []}
    files: dict[str, str | None] = {"base": None}
    for turn in range(TURNS):
        files["ours"] = str(folder / f"{which}{turn}" / "ours.safetensors")
        settings = [*SETTINGS, f"plan.epochs={steps * BATCH // (PICTURES * 4)}", f"text_rank={RANK if text else 0}"]
        found["ours"].append(side("ours", folder, base=str(BASE), data=str(folder / "set"), out=files["ours"], settings=settings))
        if example is not None:
            out = folder / f"{which}{turn}" / "example"
            arguments = [
                "--pretrained_model_name_or_path", str(BASE), "--instance_data_dir", str(bare), "--instance_prompt", PROMPT,
                "--resolution", "128", "--train_batch_size", str(BATCH), "--max_train_steps", str(steps), "--rank", str(RANK),
                "--learning_rate", str(LEARNING_RATE), "--lr_warmup_steps", "0", "--seed", str(turn), "--output_dir", str(out),
                *(["--train_text_encoder"] if text else []),
            ]  # fmt: skip
            found["example"].append(side("example", folder, script=str(example), arguments=arguments))
            files["example"] = str(out / "pytorch_lora_weights.safetensors")
    losses = side("held_out", folder, base=str(BASE), data=str(folder / "unseen"), files=files)
    sides = {name: medians(runs) for name, runs in found.items() if runs}
    report(which, steps, sides, losses)
    kept = {f"{which}_{name}": {**side_found, "held_out": losses[name]} for name, side_found in sides.items()}
    kept[f"{which}_base_held_out"] = losses["base"]
    if "example" not in sides:
        return kept
    mine, theirs = sides["ours"], sides["example"]
    ratios = {
        "steps_ratio": theirs["counted"] / mine["counted"],
        "pure_steps_ratio": theirs["wall"] / mine["wall"],
        "processor_ratio": theirs["own"] / mine["own"],
        "work_ratio": theirs["work"] / mine["work"],
        "memory_ratio": mine["peak_mb"] / theirs["peak_mb"],
    }
    print("".join(f"  {name:<18}{value:>8.3f}\n" for name, value in ratios.items()), flush=True)
    return kept | {f"{which}_{name}": round(value, 4) for name, value in ratios.items()}


def medians(runs: list[Found]) -> Found:
    """Of all turns; "counted" are a step's seconds with its share of the caching."""
    for run in runs:
        run["counted"] = run["wall"] + run["caching"] / run["steps"]
    names = ("wall", "own", "caching", "counted", "work", "process", "peak_mb", "steps")
    return {name: round(statistics.median(run[name] for run in runs), 4) for name in names}


def report(which: str, steps: int, sides: dict[str, Found], losses: Found) -> None:
    trained = "UNet and text encoder" if which == "text" else "UNet alone"
    print(f"{trained}, rank {RANK}, batch {BATCH}, {steps} steps, medians of {TURNS} turns; base held out: {losses['base']:.4f}")
    titles = ("steps/s", "steps/s + caching", "caching s", "work s", "process s", "peak MB", "held out")
    print(f"  {'':<10}" + "".join(f"{title:>19}" for title in titles))
    for name, found in sides.items():
        values = (1 / found["wall"], 1 / found["counted"], found["caching"], found["work"], found["process"], found["peak_mb"])
        shown = [f"{v:.3f}" if i < 3 else f"{v:.1f}" for i, v in enumerate(values)]
        print(f"  {name:<10}" + "".join(f"{text:>19}" for text in [*shown, f"{losses[name]:.4f}"]), flush=True)


def demo_lora(folder: Path, turns: int) -> Found:
    """The seconds of a step and of the caching with the demo's preset for a dress, and what the whole LoRA takes by them."""
    side("demo_set", folder, folder=str(folder / "demo"))
    runs = []
    for turn in range(turns):
        out = folder / f"demo{turn}.safetensors"
        data = str(folder / "demo/data/dress")
        given = {"base": str(BASE), "data": data, "family": "lab", "beside": [str(COMPANION)], "settings": ["plan.epochs=1"]}
        runs.append(side("ours", folder, out=str(out), **given))
    found = medians(runs)
    epochs = side("demo_epochs", folder)["epochs"]
    whole = epochs * found["steps"] * found["wall"] + found["caching"]
    steps = epochs * found["steps"]
    print(f"a demo LoRA: {found['wall']:.3f} s a step, caching {found['caching']:.1f} s; {steps:.0f} steps, {whole:.0f} s")
    return {"seconds_per_step": found["wall"], "seconds_per_lora": round(whole, 1), "demo_caching": found["caching"]}


def read_back(folder: Path) -> Found:
    result: Found = {}
    for stored in ("float32", "float16"):
        out = folder / stored / "back.safetensors"
        found = side("read_back", folder, base=str(BASE), data=str(folder / "set"), out=str(out), stored=stored)
        print(
            f"read back by diffusers, {stored}: {found['difference']:.2e} (the LoRA itself moves pixels by {found['moved']:.2f})"
        )
        result |= {f"read_back_{stored}": found["difference"]}
    return result
