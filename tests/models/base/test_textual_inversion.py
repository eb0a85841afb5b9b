"""Textual inversions open from every form they are published in; anything else is refused in one line."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

from models.base.family import Base
from models.base.sd15 import SD15
from models.base.sdxl import SDXL
from models.base.textual_inversion import Embedding, check_width, open_embedding
from models.errors import InputError
from models.lora.sites import TEXT, TEXT_2
from models.testing.tiny import by_part, tiny_text_encoder, tiny_unet

VECTORS = torch.arange(24, dtype=torch.float32).reshape(2, 12) / 7


def pickled(path: Path, held: object) -> Path:
    torch.save(held, path)
    return path


def stored(path: Path, held: dict[str, Tensor]) -> Path:
    save_file(held, path)
    return path


def test_every_form_gives_the_same_vectors(tmp_path: Path) -> None:
    a1111 = {"string_to_token": {"*": 265}, "name": "other", "step": 500, "sd_checkpoint": "abc"}
    words = nn.ParameterDict({"*": nn.Parameter(VECTORS)})
    paths = [
        pickled(tmp_path / "badhands.pt", {**a1111, "string_to_param": {"*": VECTORS}}),
        pickled(tmp_path / "first.pt", {"string_to_token": {"*": torch.tensor(265)}, "string_to_param": words}),
        stored(tmp_path / "a.safetensors", {"emb_params": VECTORS}),
        stored(tmp_path / "b.safetensors", {"<dress>": VECTORS}),
        pickled(tmp_path / "learned_embeds.bin", {"<dress>": VECTORS}),
    ]
    found = [open_embedding(path) for path in paths]
    assert [e.name for e in found] == [path.stem for path in paths]
    assert all(list(e.vectors) == [TEXT] and torch.equal(e.vectors[TEXT], VECTORS) for e in found)
    assert not any(e.vectors[TEXT].requires_grad for e in found)
    assert {e.digest for e in found} == {hashlib.sha256(VECTORS.numpy().tobytes()).hexdigest()}
    assert {e.tokens for e in found} == {2}


def test_one_vector_and_half_precision_become_rows_of_float32(tmp_path: Path) -> None:
    found = open_embedding(stored(tmp_path / "a.safetensors", {"<x>": VECTORS[0].half()}))
    assert (found.vectors[TEXT].shape, found.vectors[TEXT].dtype) == ((1, 12), torch.float32)
    assert torch.equal(found.vectors[TEXT][0], VECTORS[0].half().float())


def test_sdxls_two_tensors(tmp_path: Path) -> None:
    second = torch.ones(2, 20)
    found = open_embedding(stored(tmp_path / "a.safetensors", {"clip_l": VECTORS, "clip_g": second}))
    assert torch.equal(found.vectors[TEXT], VECTORS)
    assert torch.equal(found.vectors[TEXT_2], second)
    assert found.digest != open_embedding(stored(tmp_path / "b.safetensors", {"clip_l": VECTORS})).digest


class Malice:
    """Runs a command where it is unpickled by a careless reader."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


def test_what_is_no_textual_inversion_is_refused_in_one_line(tmp_path: Path) -> None:
    good = stored(tmp_path / "good.safetensors", {"emb_params": VECTORS})
    (tmp_path / "cut.safetensors").write_bytes(good.read_bytes()[:-8])
    (tmp_path / "noise.pt").write_bytes(bytes(range(256)))
    (tmp_path / "a.txt").write_text("a")
    cases = {
        tmp_path / "absent.pt": "no such textual inversion",
        tmp_path / "cut.safetensors": "cut short",
        tmp_path / "noise.pt": "does not read as weights",
        tmp_path / "a.txt": r"ends in '\.txt'",
        stored(tmp_path / "nan.safetensors", {"emb_params": VECTORS * float("nan")}): "NaN",
        stored(tmp_path / "none.safetensors", {"emb_params": torch.zeros(0, 12)}): "empty",
        stored(tmp_path / "whole.safetensors", {"a": torch.zeros(1, dtype=torch.int64)}): "floating-point",
        stored(tmp_path / "deep.safetensors", {"a": torch.zeros(1, 2, 3)}): "no rows",
        stored(tmp_path / "several.safetensors", {"<a>": VECTORS, "<b>": VECTORS.clone()}): "2 entries",
        stored(tmp_path / "g.safetensors", {"clip_g": VECTORS}): "second text encoder alone",
        stored(tmp_path / "uneven.safetensors", {"clip_l": VECTORS, "clip_g": torch.ones(3, 20)}): "2 and 3 vectors",
        pickled(tmp_path / "empty.pt", {}): "empty",
        pickled(tmp_path / "hollow.pt", {"string_to_param": {}}): "empty",
        pickled(tmp_path / "list.pt", [VECTORS]): "no table",
        pickled(tmp_path / "words.pt", {"string_to_param": {"*": "a"}}): "no rows",
        pickled(tmp_path / "evil.pt", {"string_to_param": {"*": Malice(tmp_path / "ran")}}): "more than weights",
    }
    for path, said in cases.items():
        with pytest.raises(InputError, match=said) as told:
            open_embedding(path)
        assert "\n" not in str(told.value)
    assert not (tmp_path / "ran").exists()


def small_base(second: bool) -> Base:
    config = CLIPTextConfig(vocab_size=60, hidden_size=20, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2)
    encoders = [tiny_text_encoder(), *([CLIPTextModelWithProjection(config)] if second else [])]
    return Base(SDXL() if second else SD15(), by_part(tiny_unet(), *encoders), {}, None, {}, "tiny", "0")


def test_an_embedding_fits_the_bases_whose_text_is_as_wide() -> None:
    small = Embedding("a", {TEXT: VECTORS}, "")
    large = Embedding("a", {TEXT: VECTORS, TEXT_2: torch.ones(2, 20)}, "")
    check_width(small, small_base(False).text_widths)
    check_width(large, small_base(True).text_widths)
    wide = Embedding("a", {TEXT: torch.ones(1, 16)}, "")
    cases = [
        (small, True, r"12 wide where the base's text is 12 \+ 20"),
        (large, False, r"12 \+ 20 wide where the base's text is 12"),
        (wide, False, "16 wide where the base's text is 12"),
    ]
    for embedding, second, said in cases:
        with pytest.raises(InputError, match=said):
            check_width(embedding, small_base(second).text_widths)
