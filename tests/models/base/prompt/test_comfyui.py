"""ComfyUI's reading of prompts, by examples worked out from its rules, and what the real one drew (docs/parity.md)."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.base.family import CONFIGS
from models.base.prompt.chunks import CHUNK
from models.base.prompt.comfyui import comfyui_chunks, lifted, weighted_texts
from models.base.stable_diffusion import read_clip_tokenizer

TOKENIZER = read_clip_tokenizer(CONFIGS / "sd15" / "tokenizer")


@pytest.mark.parametrize(
    ("prompt", "wanted"),
    [
        ("a cat", [("a cat", 1.0)]),
        ("a (cat:1.4) sits", [("a ", 1.0), ("cat", 1.4), (" sits", 1.0)]),
        ("((cat))", [("cat", 1.1 * 1.1)]),
        ("((cat:1.5))", [("cat", 1.5)]),
        ("(a (cat:1.5) b:0.5)", [("a ", 0.5), ("cat", 1.5), (" b", 0.5)]),
        ("[cat], BREAK", [("[cat], BREAK", 1.0)]),
        (r"a \(cat\)", [("a (cat)", 1.0)]),
        ("(:1.2)", [(":1.2", 1.1)]),
        ("(a:b)", [("a:b", 1.1)]),
        ("(a", [("(a", 1.0)]),
        ("", []),
    ],
)
def test_numbers_replace_weights_and_brackets_multiply(prompt: str, wanted: list[tuple[str, float]]) -> None:
    assert weighted_texts(prompt) == wanted


def lengths(prompt: str) -> list[int]:
    return [len(chunk) for chunk in comfyui_chunks(TOKENIZER, prompt)]


def test_a_long_piece_is_cut_where_the_chunk_is_full_and_a_short_one_moves_on() -> None:
    assert lengths(" ".join(["cat"] * 80)) == [75, 5]
    assert lengths("") == [0]
    assert lengths(" ".join(["cat"] * 72) + " (dog dog dog dog dog:1.2)") == [72, 5]
    assert lengths(" ".join(["cat"] * 72) + " (" + " ".join(["dog"] * 9) + ":1.2)") == [75, 6]


def test_textual_inversions_are_found_by_name_and_by_comfyui_s_word() -> None:
    vectors = {"my_thing": torch.ones(3, 4)}
    for prompt in ("a my_thing, b", "a embedding:my_thing, b", "a (my_thing:1.2), b"):
        (chunk,) = comfyui_chunks(TOKENIZER, prompt, vectors)
        assert sum(place.vector is not None for place in chunk) == 3, prompt
        words = TOKENIZER.convert_ids_to_tokens([place.token for place in chunk if place.vector is None])
        assert words == ["a</w>", ",</w>", "b</w>"]
    assert not any(place.vector is not None for place in comfyui_chunks(TOKENIZER, "a my_thing2", vectors)[0])


def test_emphasis_moves_away_from_the_empty_prompt() -> None:
    hidden, empty = torch.randn(1, 77, 4), torch.randn(1, 77, 4)
    places = comfyui_chunks(TOKENIZER, "a (cat:1.5)")[0]
    found = lifted(hidden, empty, places)
    assert torch.equal(found[:, [0, 1, *range(3, 77)]], hidden[:, [0, 1, *range(3, 77)]])
    assert torch.allclose(found[:, 2], empty[:, 2] + 1.5 * (hidden[:, 2] - empty[:, 2]))


@given(st.text(alphabet="ab (),[]:.\\1\n", max_size=60))
def test_any_text_is_read(prompt: str) -> None:
    assert all(len(chunk) <= CHUNK for chunk in comfyui_chunks(TOKENIZER, prompt))
