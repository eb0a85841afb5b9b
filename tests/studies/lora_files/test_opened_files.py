"""Files of one LoRA as they are opened: which of them is wrong is said in one line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from models.errors import InputError
from models.testing.loras import save_small_lora
from studies.local_models import LocalModels
from studies.paperdoll.bundle import WEIGHTS
from studies.paperdoll.study import study_text
from studies.spec import StudySpec, read_spec

SHIPPED = WEIGHTS / "loras"


def spec_with(folder: Path, *files: Path) -> StudySpec:
    text = study_text(folder)
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    spec = read_spec(folder / "study.yaml")
    dress = spec.loras["dress"].model_copy(update={"file": [str(file) for file in files]})
    others = {n: one.model_copy(update={"file": str(SHIPPED / Path(one.last).name)}) for n, one in spec.loras.items()}
    return spec.model_copy(update={"loras": {**others, "dress": dress}})


def opened(folder: Path, *files: Path) -> LocalModels:
    return LocalModels(spec_with(folder, *files), folder)


def test_a_cut_epoch_in_the_list_is_named(tmp_path: Path) -> None:
    last = SHIPPED / "testdress.safetensors"
    cut = tmp_path / "testdress-000004.safetensors"
    cut.write_bytes(last.read_bytes()[:5000])
    with pytest.raises(InputError, match=r"testdress-000004\.safetensors") as refused:
        _ = opened(tmp_path, cut, last).loras
    assert "\n" not in str(refused.value)


def test_an_epoch_of_another_family_is_named(tmp_path: Path) -> None:
    other = save_small_lora(tmp_path / "other.safetensors")
    with pytest.raises(InputError, match=r"other\.safetensors"):
        _ = opened(tmp_path, other, SHIPPED / "testdress.safetensors").loras


def test_two_files_of_equal_content_are_told(tmp_path: Path) -> None:
    last = SHIPPED / "testdress.safetensors"
    shutil.copyfile(last, tmp_path / "testdress-000010.safetensors")
    with pytest.raises(InputError, match=r"loras\.dress: testdress-000010 holds the same as testdress: .*; leave one out"):
        _ = opened(tmp_path, tmp_path / "testdress-000010.safetensors", last).loras


def test_a_compiled_model_takes_one_file_a_lora(tmp_path: Path) -> None:
    spec = spec_with(tmp_path, SHIPPED / "mycoat.safetensors", SHIPPED / "testdress.safetensors")
    compiled = spec.model_copy(update={"render": spec.render.model_copy(update={"compile": True, "device": "cpu"})})
    with pytest.raises(InputError, match="a compiled model is folded from one file a LoRA"):
        _ = LocalModels(compiled, tmp_path).renderer
