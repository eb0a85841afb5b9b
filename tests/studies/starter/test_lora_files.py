"""A picture's LoRA may be named by the alias inside its file, which is no file name."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from models.errors import InputError
from studies.starter.from_picture import LoraSettings
from studies.starter.lora_files import with_files


def lora_file(path: Path, tensors: bytes = b"\0" * 8, **metadata: str) -> Path:
    """A safetensors file of one tensor."""
    header = {"a.lora_down.weight": {"dtype": "F32", "shape": [len(tensors) // 4], "data_offsets": [0, len(tensors)]}}
    text = json.dumps({"__metadata__": metadata, **header}).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(len(text).to_bytes(8, "little") + text + tensors)
    return path


def lora(name: str, digest: str = "") -> LoraSettings:
    return LoraSettings("key", f"loras/{name}.safetensors", 0.5, digest, name)


def test_found_by_name_in_any_folder_below(tmp_path: Path) -> None:
    lora_file(tmp_path / "loras" / "sd15" / "dress.safetensors")
    notes: list[str] = []
    (found,) = with_files([lora("dress")], tmp_path / "loras", tmp_path, (), notes)
    assert (found.file, notes) == ("loras/sd15/dress.safetensors", [])


def test_found_by_alias(tmp_path: Path) -> None:
    lora_file(tmp_path / "elsewhere" / "dress-000008.safetensors", ss_output_name="dress")
    lora_file(tmp_path / "elsewhere" / "shoes.safetensors", ss_output_name="shoes")
    notes: list[str] = []
    (found,) = with_files([lora("dress")], tmp_path / "elsewhere", tmp_path / "study", (), notes)
    assert found.file == "../elsewhere/dress-000008.safetensors"
    assert notes == ["LoRA dress: ../elsewhere/dress-000008.safetensors, by the alias inside it (ss_output_name)"]


@pytest.mark.parametrize("kind", ["stored", "tensors", "whole file"])
def test_found_by_each_kind_of_hash(tmp_path: Path, kind: str) -> None:
    stored = {"sshs_model_hash": "ab" * 32} if kind == "stored" else {}
    path = lora_file(tmp_path / "x.safetensors", b"\1" * 8, **stored)
    lora_file(tmp_path / "y.safetensors", b"\2" * 8)
    whole = hashlib.sha256(path.read_bytes()).hexdigest()
    digest = {"stored": "ab" * 6, "tensors": hashlib.sha256(b"\1" * 8).hexdigest()[:12], "whole file": whole[:10].upper()}[kind]
    (found,) = with_files([lora("My Dress", digest)], tmp_path, tmp_path, (), [])
    assert found.file == "x.safetensors"


def test_none_and_several_are_told(tmp_path: Path) -> None:
    lora_file(tmp_path / "a" / "twin.safetensors")
    lora_file(tmp_path / "b" / "twin.safetensors")
    (tmp_path / "damaged.safetensors").write_bytes(b"x")
    notes: list[str] = []
    found = with_files([lora("twin"), lora("absent", "0123456789ab")], tmp_path, tmp_path, (), notes)
    assert [each.file for each in found] == ["loras/twin.safetensors", "loras/absent.safetensors"]
    assert [note.split(" in ")[0] for note in notes] == [
        "LoRA twin: 2 files with that name",
        "LoRA absent: no file of that name, alias or hash",
    ]


def test_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder of LoRAs"):
        with_files([lora("a")], tmp_path / "absent", tmp_path, (), [])
