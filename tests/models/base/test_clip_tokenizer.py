"""The tokenizer of a diffusers folder, as older and newer transformers write it."""

from __future__ import annotations

from models.base.stable_diffusion import read_clip_tokenizer
from studies.paperdoll.bundle import WEIGHTS


def test_a_folder_without_a_map_of_special_tokens_has_them_in_its_settings() -> None:
    folder = WEIGHTS / "base" / "tokenizer"
    assert not (folder / "special_tokens_map.json").exists()
    tokenizer = read_clip_tokenizer(folder)
    assert tokenizer("dress").input_ids[0] == tokenizer.bos_token_id
    assert tokenizer.pad_token == "<|endoftext|>"
