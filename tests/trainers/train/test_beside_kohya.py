"""The comparison with another trainer: its options, its clock, and what it says of two LoRA files."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from benchmarks.training.beside_kohya import fault
from benchmarks.training.files_compared import differences
from benchmarks.training.script_side import ROOT


def asked(folder: Path, **changes: object) -> argparse.Namespace:
    options = {"kohya": folder, "kohya_python": Path(sys.executable), "size": 512, "steps": 3, "turns": 3}
    return argparse.Namespace(**(options | changes))


def test_each_wrong_option_is_named(tmp_path: Path) -> None:
    assert "--kohya:" in str(fault(asked(tmp_path)))
    (tmp_path / "train_network.py").touch()
    assert fault(asked(tmp_path)) is None
    assert "--kohya-python" in str(fault(asked(tmp_path, kohya_python=tmp_path / "absent")))
    assert "--kohya-python" in str(fault(asked(tmp_path, kohya_python=tmp_path)))
    assert "--size" in str(fault(asked(tmp_path, size=500)))
    assert "--steps" in str(fault(asked(tmp_path, steps=1)))
    assert "--turns" in str(fault(asked(tmp_path, turns=0)))


def test_a_script_is_timed_as_it_stands_among_its_own_modules(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    (tmp_path / "models.py").write_text("HERE = True\n")
    lines = ["import sys, torch, models", "assert models.HERE and sys.argv[1:] == ['--rate', '0.1'], sys.argv"]
    lines += ["weight = torch.nn.Parameter(torch.ones(2))", "optimizer = torch.optim.AdamW([weight])"]
    lines += ["for _ in range(3):", "    weight.sum().backward()", "    optimizer.step()"]
    script.write_text("\n".join(lines))
    command = [sys.executable, "-m", "benchmarks.training.script_side", "found.json", str(script), "--rate", "0.1"]
    subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, check=True)
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["steps"] == 3
    assert found["wall"] > 0
    assert torch.__version__.startswith(found["versions"]["torch"])


def test_what_differs_between_two_files_is_listed_by_kind(tmp_path: Path) -> None:
    ours = {"a.alpha": torch.tensor(4.0), "a.lora_up.weight": torch.zeros(2, 2), "b": torch.zeros(1)}
    theirs = {
        "a.alpha": torch.tensor(8.0),
        "a.lora_up.weight": torch.zeros(2, 3),
        "b": torch.zeros(1).half(),
        "c": torch.zeros(1),
    }
    save_file(ours, tmp_path / "ours.safetensors", {"ss_epoch": "1", "same": "x"})
    save_file(theirs, tmp_path / "theirs.safetensors", {"ss_steps": "1", "same": "y"})
    assert differences(tmp_path / "ours.safetensors", tmp_path / "theirs.safetensors") == {
        "tensors_ours_alone": [],
        "tensors_theirs_alone": ["c"],
        "shapes": ["a.lora_up.weight"],
        "types": ["b"],
        "alphas": ["a.alpha"],
        "metadata_ours_alone": ["ss_epoch"],
        "metadata_theirs_alone": ["ss_steps"],
    }


@pytest.mark.parametrize("lacks", ["--kohya", "--kohya-python"])
def test_an_option_that_lacks_ends_with_status_2(lacks: str, tmp_path: Path) -> None:
    given = {"--kohya": str(tmp_path), "--kohya-python": sys.executable}
    del given[lacks]
    command = [sys.executable, "-m", "benchmarks.training.beside_kohya", *(text for pair in given.items() for text in pair)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert lacks in done.stderr
