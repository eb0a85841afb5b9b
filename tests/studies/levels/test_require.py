from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from models.errors import InputError
from studies.levels.require import set_required, with_required

HEAD = """# mine
name: x  # a name
base: {checkpoint: b.safetensors}
prompt: 1girl
loras:
  dress: {file: d.safetensors, kind: clothing}  # the dress
  shoes: {file: s.safetensors, kind: shoes}
"""
SEARCHES = [
    "",
    "search: {}\n",
    "search: {trials: 12}  # few\n",
    "search:\n  trials: 12\n  # what must show\n  require: {dress: 0.7, shoes: 0.5}  # mine\n",
    "search:\n  require:\n    # long\n    shoes: 0.5  # enough\n  trials: 12\n",
    "search:\n  require: {}\n",
]


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_only_what_is_required_changes_and_comments_stay(tmp_path: Path, search: str, newline: str) -> None:
    file = tmp_path / "study.yaml"
    text = (HEAD + search).replace("\n", newline)
    file.write_bytes(text.encode())
    set_required(file, {"dress": 0.6149, "shoes": 0.4})
    written = file.read_bytes().decode()
    before, after = yaml.safe_load(text), yaml.safe_load(written)
    kept = (before.get("search") or {}).get("require") or {}
    assert after["search"]["require"] == {**kept, "dress": 0.61, "shoes": 0.4}
    assert {k: v for k, v in after["search"].items() if k != "require"} == {
        k: v for k, v in (before.get("search") or {}).items() if k != "require"
    }
    assert [line.partition("#")[2] for line in written.splitlines() if "#" in line] == [
        line.partition("#")[2] for line in text.splitlines() if "#" in line
    ]


def test_a_lora_that_was_not_asked_about_keeps_what_is_required() -> None:
    assert yaml.safe_load(with_required("search: {require: {dress: 0.7, shoes: 0.5}}", {"dress": 0.6})) == {
        "search": {"require": {"dress": 0.6, "shoes": 0.5}}
    }


@pytest.mark.parametrize(
    "search",
    [
        "search:\n  require: &all {dress: 0.7, shoes: 0.7}\n  learn: []\nseeds: {<<: *all}\n",
        "search: &s\n",
    ],
)
def test_what_cannot_be_edited_is_left_alone(tmp_path: Path, search: str) -> None:
    file = tmp_path / "study.yaml"
    file.write_text(HEAD + search)
    with pytest.raises(InputError):
        set_required(file, {"dress": 0.6})
    assert file.read_text() == HEAD + search
