"""A textual inversion in a LoRA's file is called by its word, as A1111 does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from models.base.family import Base
from models.base.opening import open_base
from models.errors import InputError
from optimizer.point import Job, Point
from studies.doctor.validate import _model_lines
from studies.local_models import LocalModels
from studies.model_facts import facts_source
from studies.paperdoll.bundle import WEIGHTS
from studies.spec import StudySpec
from studies.study import Study
from studies.workspace import Workspace
from tests.studies.export.test_diffusers_script import write_loras

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
WORD = "silkdress"
VECTORS = torch.randn(2, 96, generator=torch.Generator().manual_seed(11))
JOB = Job(7, Point({"face": 0.0, "dress": 0.5}, 5.0))


@pytest.fixture(scope="module")
def base() -> Base:
    return open_base(WEIGHTS / "base")


def bundle(path: Path, word: str = WORD, vectors: torch.Tensor = VECTORS) -> None:
    save_file(load_file(path) | {f"bundle_emb.{word}.string_to_param.*": vectors}, path)


def study_at(folder: Path, base: Base, prompt: str = f"1girl, {WORD}, smile", **sections: Any) -> Study:
    """Two LoRAs whose files hold nothing besides."""
    if not (folder / "dress.safetensors").exists():
        write_loras(folder, base)
    section = {"kind": "clothing", "references": "photos"}
    spec = {
        "name": "bundled",
        "base": {"checkpoint": str(WEIGHTS / "base")},
        "prompt": prompt,
        "render": {"width": 64, "height": 96, "steps": 2, "cfg": 5.0, "rng": "cpu", "device": "cpu"},
        "loras": {name: {"file": f"{name}.safetensors", **section} for name in ("face", "dress")},
        "scorers": {"hands": {"judge": "hands.onnx"}},
    }
    made = StudySpec.model_validate({**spec, **sections})
    return Study(made, folder, Workspace(folder / "workspace"), models=LocalModels(made, folder, base))


def drawn(study: Study) -> np.ndarray[Any, Any]:
    (image,) = study.models.renderer.render([JOB])
    assert isinstance(image, Image.Image)
    return np.asarray(image).astype(int)


def test_its_word_draws_what_the_same_file_at_embeddings_draws(tmp_path: Path, base: Base) -> None:
    without = drawn(study_at(tmp_path, base))
    save_file({"emb_params": VECTORS}, tmp_path / f"{WORD}.safetensors")
    beside = drawn(study_at(tmp_path, base, embeddings=[f"{WORD}.safetensors"]))
    bundle(tmp_path / "dress.safetensors")
    inside = study_at(tmp_path, base)
    assert np.array_equal(drawn(inside), beside)
    assert np.abs(without - beside).max() > 20
    assert inside.triggers == {}
    assert inside.plain_prompt() == "1girl, smile"
    assert inside.plain_prompt("dress") == f"1girl, {WORD}, smile"


def test_the_key_changes_where_a_prompt_has_the_word_and_nowhere_else(tmp_path: Path, base: Base) -> None:
    bundle_it = "1girl, smile", f"1girl, {WORD}"
    write_loras(tmp_path, base)
    bundle(tmp_path / "dress.safetensors")
    silent, called = (study_at(tmp_path, base, prompt).models.renderer.identity() for prompt in bundle_it)
    assert silent["embeddings"] == {}
    assert list(called["embeddings"]) == [WORD]
    source = facts_source(study_at(tmp_path, base).spec, tmp_path)
    assert source["inversions"] == {"dress.safetensors": [WORD]}
    (plain := tmp_path / "plain").mkdir()
    assert "inversions" not in facts_source(study_at(plain, base).spec, plain)


def test_a_file_of_its_own_comes_first_and_two_of_one_name_are_refused(tmp_path: Path, base: Base) -> None:
    write_loras(tmp_path, base)
    for name in ("face", "dress"):
        bundle(tmp_path / f"{name}.safetensors")
    assert list(study_at(tmp_path, base).models.embeddings) == [WORD]
    bundle(tmp_path / "face.safetensors", vectors=VECTORS + 1)
    with pytest.raises(InputError, match=f"the LoRAs face and dress hold two textual inversions of one name, {WORD}"):
        _ = study_at(tmp_path, base).models.embeddings
    save_file({"emb_params": VECTORS + 2}, tmp_path / f"{WORD}.safetensors")
    found = study_at(tmp_path, base, embeddings=[f"{WORD}.safetensors"]).models.embeddings
    assert (list(found), found[WORD].lora) == ([WORD], "")
    assert torch.equal(found[WORD].vectors["text"], VECTORS + 2)


@pytest.mark.parametrize(("prompt", "named"), [(f"1girl, {WORD}", True), ("1girl", False)])
def test_validate_names_it_and_says_where_no_prompt_calls_it(tmp_path: Path, base: Base, prompt: str, named: bool) -> None:
    write_loras(tmp_path, base)
    bundle(tmp_path / "dress.safetensors")
    study = study_at(tmp_path, base, prompt)
    found = list(_model_lines(study))
    assert f"embedding  {WORD}: 2 vectors, in the file of dress" in found
    assert any("no prompt has the word silkdress" in line for line in found) is not named
