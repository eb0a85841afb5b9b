"""Fifteen tasks of a maintainer, and the file that each begins in: it should be the first guess from the tree alone."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TASKS = {
    "add a sampler": "optimizer/search/samplers/registry.py",
    "add a base family": "models/base/registry.py",
    "add a renderer over HTTP": "optimizer/render/base.py",
    "add a score": "scorers/score/registry.py",
    "add a LoRA method": "models/lora/methods.py",
    "add a LoRA key spelling": "models/lora/key_spellings.py",
    "change the acquisition function": "optimizer/search/least_weight/acquisition.py",
    "change what robustness draws": "optimizer/search/robustness.py",
    "change the note in optuna-dashboard": "studies/run/dashboard/notes.py",
    "change the ladder sheet": "studies/report/sheets/ladder.py",
    "add a verb": "studies/cli/app.py",
    "add a tracker": "studies/tracking/registry.py",
    "change what is blurred": "studies/run/blur_policy.py",
    "change why a study is refused when resumed": "studies/run/compatibility.py",
    "change the training optimiser": "trainers/train/optimizer.py",
}


@pytest.mark.parametrize("task", TASKS)
def test_its_file_is_there(task: str) -> None:
    assert (ROOT / TASKS[task]).is_file()
