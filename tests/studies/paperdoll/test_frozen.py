from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import InputError
from studies.paperdoll.frozen import DEPENDS_ON, check, digest, freeze, stale


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    for name in DEPENDS_ON:
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.bin").write_bytes(name.encode())
    for name in DEPENDS_ON:
        freeze(name, tmp_path)
    return tmp_path


def test_no_model_that_ships_is_stale() -> None:
    assert stale() == {}


def test_a_model_made_again_makes_those_on_it_stale(weights: Path) -> None:
    assert stale(weights) == {}
    (weights / "base" / "model.bin").write_bytes(b"another")
    freeze("base", weights)
    assert stale(weights) == dict.fromkeys(("hands", "loras", "control"), "base was made again")
    freeze("loras", weights)
    (weights / "tagger" / "model.bin").write_bytes(b"another")
    assert stale(weights) == {
        "hands": "base was made again",
        "tagger": "its files changed",
        "loras": "tagger was made again",
        "control": "base was made again",
    }


def test_a_damaged_model_is_refused_by_name(weights: Path) -> None:
    check(weights)
    (weights / "clip" / "model.bin").write_bytes(b"")
    with pytest.raises(InputError, match="clip is damaged"):
        check(weights)


def test_a_digest_knows_names_from_contents(tmp_path: Path) -> None:
    for folder, (name, text) in {"a": ("xy", "z"), "b": ("x", "yz"), "c": ("xy", "z")}.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(text)
    a, b, c = (digest(tmp_path / f) for f in "abc")
    assert a == c != b
