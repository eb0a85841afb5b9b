from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from optimizer.render.noise import noise_is_elsewhere
from studies.doctor.validate import trained_on_another

BASE: Any = SimpleNamespace(name="models/chilloutmix.safetensors", hash="aa" * 32)


@pytest.mark.parametrize(
    ("metadata", "other"),
    [
        ({}, None),
        ({"ss_sd_model_name": "chilloutmix.ckpt"}, None),
        ({"ss_sd_model_name": "renamed.safetensors", "ss_new_sd_model_hash": "aa" * 32}, None),
        ({"ss_sd_model_name": "anything-v3.safetensors"}, "anything-v3.safetensors"),
        ({"ss_sd_model_name": "anything-v3.safetensors", "ss_new_sd_model_hash": "bb" * 32}, "anything-v3.safetensors"),
    ],
)
def test_a_lora_of_another_base_is_reported(metadata: dict[str, str], other: str | None) -> None:
    assert trained_on_another(metadata, BASE) == other


@pytest.mark.parametrize(
    ("rng", "device", "elsewhere"),
    [("gpu", "cpu", True), ("gpu", "mps", True), ("gpu", "cuda:1", False), ("cpu", "cpu", False), ("nv", "cpu", False)],
)
def test_noise_that_this_machine_cannot_draw_is_reported(rng: Any, device: str, elsewhere: bool) -> None:
    assert noise_is_elsewhere(rng, device) is elsewhere
