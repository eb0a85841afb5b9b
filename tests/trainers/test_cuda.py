"""Training on a CUDA device: skipped where there is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.base import open_base
from studies.paperdoll.bundle import WEIGHTS
from tests.trainers.test_train import SHORT, dataset, run

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
__all__ = ["dataset"]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_killed_training_goes_on_to_the_same_file(dataset: Path, tmp_path: Path, precision: str) -> None:
    base = open_base(WEIGHTS / "base", device="cuda")
    settings = replace(SHORT, text_rank=2, precision=precision)  # type: ignore[arg-type]
    whole = run(dataset, tmp_path / "whole.safetensors", base, settings)

    def killed(progress: object) -> None:
        if getattr(progress, "step", 0) == 3:
            raise KeyboardInterrupt

    out = tmp_path / "killed" / "whole.safetensors"
    with pytest.raises(KeyboardInterrupt):
        run(dataset, out, base, settings, progress=killed, save_seconds=0.0)
    resumed = run(dataset, out, base, settings)
    assert resumed.hash == whole.hash
    assert out.read_bytes() == whole.path.read_bytes()
