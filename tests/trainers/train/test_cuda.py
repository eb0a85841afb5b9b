"""Training on a CUDA device: skipped where there is none.

There gradients of attention are added up as they come, so that two trainings alike differ in their last bits.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.base.opening import open_base
from models.lora.file import open_lora
from studies.paperdoll.bundle import WEIGHTS
from tests.trainers.train.test_train import dataset, run
from trainers.testing.training_callback_suite import SHORT
from trainers.train.settings.preset import Precision

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
__all__ = ["dataset"]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_killed_training_goes_on_to_the_same_weights_but_for_rounding(
    dataset: Path, tmp_path: Path, precision: Precision
) -> None:
    base = open_base(WEIGHTS / "base", device="cuda")
    settings = replace(SHORT, text_rank=2, precision=precision)
    whole = run(dataset, tmp_path / "whole.safetensors", base, settings)

    def killed(progress: object) -> None:
        if getattr(progress, "step", 0) == 3:
            raise KeyboardInterrupt

    out = tmp_path / "killed" / "whole.safetensors"
    with pytest.raises(KeyboardInterrupt):
        run(dataset, out, base, settings, progress=killed, checkpoint_seconds=0.0)
    resumed = run(dataset, out, base, settings)
    assert resumed.steps == whole.steps
    wanted, found = (open_lora(path, base.modules) for path in (whole.path, out))
    for part in ("unet", "text"):
        layers, others = getattr(wanted, part), getattr(found, part)
        # Adam's first steps have one size whatever the gradient's: where that is next to nothing, rounding decides their sign.
        apart = sum(float((layer.delta() - others[name].delta()).square().sum()) for name, layer in layers.items())
        assert apart <= 0.05**2 * sum(float(layer.delta().square().sum()) for layer in layers.values())
