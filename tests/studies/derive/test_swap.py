"""swap: the same face and seed, the next dress."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import save_file
from typer.testing import CliRunner

from models.errors import InputError
from models.lora.layout import TRIGGER_KEY
from studies.cli.app import app
from studies.derive.swap import parse_swap, swap_lora
from studies.run.calibration import calibrate
from studies.run.scouting import locked_seeds
from studies.run.seed_search import run_seed
from studies.run.transfer import trials_of_other_studies
from studies.spec import read_spec
from studies.testing.fake_study import fake_study
from studies.tracking.memory import MemoryTracker


def coat_in(folder: Path) -> Path:
    file = folder / "coat.safetensors"
    save_file({"a": torch.zeros(1)}, file, {TRIGGER_KEY: "mycoat"})
    (folder / "coat").mkdir()
    return file


def test_another_file_photos_and_trigger_at_the_same_seeds(tmp_path: Path) -> None:
    study = fake_study(tmp_path / "old")
    file = coat_in(tmp_path / "old")
    done = CliRunner().invoke(app, ["swap", str(study.root), f"dress={file}"])
    assert done.exit_code == 0, done.output
    made = read_spec(tmp_path / "old-coat" / "study.yaml")
    assert (made.name, made.prompt) == ("old-coat", "1girl, mycoat, myshoes")
    assert made.loras["dress"].file == "../old/coat.safetensors"
    assert made.loras["dress"].references == "../old/coat"
    assert made.loras["dress"].trigger == "mycoat"
    assert made.loras["face"].file == "../old/face.safetensors"
    assert made.search.learn == ["../old"]
    assert made.seeds == [7]


def test_what_the_others_showed_is_learnt_and_what_the_old_dress_showed_is_not(tmp_path: Path) -> None:
    study = fake_study(tmp_path / "old")
    judge = calibrate(study, 7).judge
    run_seed(study, 7, judge=judge, budget=5, tracker=MemoryTracker(), on_trial=lambda event: None)
    text = (study.root / "study.yaml").read_text(encoding="utf-8")
    made = swap_lora(study, text, "dress", coat_in(study.root), tmp_path / "new", references=None, trigger=None)
    assert locked_seeds(made) == [7]
    (taught,) = trials_of_other_studies(made, {"face": 0.4, "dress": 0.4, "shoes": 0.4})
    assert len(taught) == 5
    assert all(set(j.violations) == {"face", "shoes", "hands", "body"} for j in taught)


def test_a_study_of_another_base_teaches_nothing(tmp_path: Path) -> None:
    study = fake_study(tmp_path / "old")
    text = (study.root / "study.yaml").read_text(encoding="utf-8")
    made = swap_lora(study, text, "dress", coat_in(study.root), tmp_path / "new", references=None, trigger=None)
    (tmp_path / "new" / "base.safetensors").write_text("another")
    other = made.spec.model_copy(update={"base": made.spec.base.model_copy(update={"checkpoint": "base.safetensors"})})
    made.spec = other
    with pytest.raises(InputError, match="another base"):
        trials_of_other_studies(made, {})


@pytest.mark.parametrize(
    ("change", "message"),
    [("dress", "not a swap"), ("hat=coat.safetensors", "no LoRA called hat"), ("dress=gone.safetensors", "no such file")],
)
def test_a_swap_that_cannot_be_is_refused(tmp_path: Path, change: str, message: str) -> None:
    study = fake_study(tmp_path / "old")
    with pytest.raises(InputError, match=message):
        parse_swap(change, study)


def test_nothing_is_written_where_photos_are_missing_or_something_is_there(tmp_path: Path) -> None:
    study = fake_study(tmp_path / "old")
    file = coat_in(study.root)
    (study.root / "coat").rmdir()
    text = (study.root / "study.yaml").read_text(encoding="utf-8")
    with pytest.raises(InputError, match="no photos"):
        swap_lora(study, text, "dress", file, tmp_path / "new", references=None, trigger=None)
    assert not (tmp_path / "new").exists()
    with pytest.raises(InputError, match="there is something already"):
        swap_lora(study, text, "dress", file, study.root, references=study.root / "photos", trigger=None)


@pytest.mark.parametrize(
    "search", ["", "search: {trials: 9}\n", "search:\n  trials: 9\n", "search: {learn: [a]}\n", "search: {}\n"]
)
def test_the_old_study_is_named_however_the_file_is_written(search: str) -> None:
    from studies.derive.swap import _with_learn

    swapped = yaml.safe_load(_with_learn(f"name: a\n{search}seeds: [1]\n", "../old"))
    assert swapped["search"]["learn"] == ["../old"]
    assert swapped["seeds"] == [1]
    assert swapped["search"].get("trials", 9) == 9
