"""Imports run one way, as the contracts in pyproject.toml have it (import-linter), and the command line starts quickly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAVY = (
    "torch",
    "diffusers",
    "transformers",
    "mlflow",
    "optuna",
    "open_clip",
    "insightface",
    "onnxruntime",
    "numpy",
    "pydantic",
    "PIL",
    "yaml",
    "models.base",
    "models.lora",
)


def test_imports_run_one_way() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_help_loads_no_heavy_library() -> None:
    code = f"import sys, studies.cli.app; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
