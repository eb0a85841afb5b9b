"""study.yaml as text, where a LoRA has a list of files: moved with its folder, and swapped for one file."""

from __future__ import annotations

from pathlib import Path

import pytest

from studies.derive.study_yaml import moved, with_values

HEAD = "name: a\nloras:\n  dress:\n"
TAIL = "    kind: clothing  # a dress\n"
FLOW = f"{HEAD}    file: [old/x.safetensors, old/y.safetensors]\n{TAIL}"
BLOCK = f"{HEAD}    file:\n      - old/x.safetensors\n      - old/y.safetensors\n{TAIL}"


@pytest.mark.parametrize("text", [FLOW, BLOCK], ids=["flow", "block"])
def test_a_list_gives_way_to_one_file_and_the_rest_stays(text: str) -> None:
    swapped = with_values(text, ("loras", "dress"), {"file": "new.safetensors"})
    assert swapped.split() == f'{HEAD}    file: "new.safetensors"\n{TAIL}'.split()
    assert swapped.endswith(f"\n{TAIL}")


@pytest.mark.parametrize("text", [FLOW, BLOCK], ids=["flow", "block"])
def test_every_file_is_named_from_the_new_folder(tmp_path: Path, text: str) -> None:
    for name in ("x", "y"):
        (tmp_path / "one" / "old").mkdir(parents=True, exist_ok=True)
        (tmp_path / "one" / "old" / f"{name}.safetensors").touch()
    found = moved(text, tmp_path / "one", tmp_path / "two", "b")
    assert '"../one/old/x.safetensors"' in found
    assert '"../one/old/y.safetensors"' in found
