"""How wide the text is that a base reads, of its files alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from models.base.text_width import stated_text_width


def test_a_folder_states_it(tmp_path: Path) -> None:
    place = tmp_path / "unet" / "config.json"
    place.parent.mkdir()
    place.write_text(json.dumps({"cross_attention_dim": 2048}))
    assert stated_text_width(tmp_path) == 2048


def test_the_header_of_a_file_tells_it(tmp_path: Path) -> None:
    name = "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
    save_file({name: torch.zeros(320, 768)}, tmp_path / "base.safetensors")
    assert stated_text_width(tmp_path / "base.safetensors") == 768


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"cross_attention_dim": [768, 768]}'])
def test_what_tells_nothing_is_left_to_its_opening(tmp_path: Path, content: str) -> None:
    assert stated_text_width(tmp_path / "absent.safetensors") is None
    (tmp_path / "base.safetensors").write_text(content)
    assert stated_text_width(tmp_path / "base.safetensors") is None
    (tmp_path / "unet").mkdir()
    (tmp_path / "unet" / "config.json").write_text(content)
    assert stated_text_width(tmp_path) is None
