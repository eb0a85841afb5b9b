"""swap: the same face and seed, the next dress."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from PIL import Image
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from models.errors import InputError
from models.lora.layout import TRIGGER_KEY
from models.testing.bases import small_base
from models.testing.loras import STEM, save_small_lora
from studies.cli.app import app
from studies.derive.swap import Change, parse_swap, swap_lora, swap_loras
from studies.local_models import LocalModels
from studies.run.calibration import calibrate
from studies.run.scouting import locked_seeds
from studies.run.seed_search import run_seed
from studies.run.transfer import trials_of_other_studies
from studies.spec import read_spec
from studies.testing.fake_study import fake_study
from studies.tracking.memory import MemoryTracker


def coat_in(folder: Path) -> Path:
    (folder / "coat").mkdir()
    Image.new("RGB", (64, 96)).save(folder / "coat" / "photo.png")
    return save_small_lora(folder / "coat.safetensors", {TRIGGER_KEY: "mycoat"})


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
    text = (study.root / "study.yaml").read_text(encoding="utf-8")
    (study.root / "coat" / "photo.png").rename(study.root / "coat" / "photo.txt")
    (study.root / "coat" / "photo.txt").write_text("no picture")
    for _ in range(2):
        with pytest.raises(InputError, match="no photos"):
            swap_lora(study, text, "dress", file, tmp_path / "new", references=None, trigger=None)
        assert not (tmp_path / "new").exists()
        shutil.rmtree(study.root / "coat", ignore_errors=True)
    with pytest.raises(InputError, match="there is something already"):
        swap_lora(study, text, "dress", file, study.root, references=study.root / "photos", trigger=None)


def files_that_are_no_dress(folder: Path) -> Iterator[tuple[Path, str]]:
    """Each with what is said of it; the study's face LoRA is a file of the same bytes as the last."""
    key = STEM.replace("attn1_to_q", "attn2_to_k")
    whole = load_file(save_small_lora(folder / "whole.safetensors"))
    broken: dict[str, dict[str, torch.Tensor]] = {
        "half": {k: v for k, v in whole.items() if "lora_up" not in k},
        "infinite": {**whole, f"{STEM}.alpha": torch.tensor(float("inf"))},
        "nan": {**whole, f"{STEM}.lora_up.weight": whole[f"{STEM}.lora_up.weight"] * float("nan")},
        "no LoRA": {"a": torch.zeros(1)},
        "LoHa": {"lora_unet_x.hada_w1_a": torch.zeros(2, 2)},
        "SDXL": {f"{key}.lora_down.weight": torch.ones(2, 2048), f"{key}.lora_up.weight": torch.ones(16, 2)},
    }
    lines = ["other half", "alpha inf", "NaN", "no LoRA layers", "a LoHa layer", "a LoRA for SDXL"]
    for (name, tensors), line in zip(broken.items(), lines, strict=True):
        save_file(tensors, folder / f"{name}.safetensors")
        yield folder / f"{name}.safetensors", line
    cut = folder / "cut.safetensors"
    cut.write_bytes((folder / "whole.safetensors").read_bytes()[:-10])
    yield cut, "cut short"
    yield save_small_lora(folder / "face of another.safetensors", {TRIGGER_KEY: "myface"}), "trigger word myface is that of face"
    (folder / "face.safetensors").write_bytes((folder / "whole.safetensors").read_bytes())
    yield folder / "whole.safetensors", "has this LoRA already, as face"


def test_a_file_that_is_no_dress_is_one_line_and_nothing_is_written(tmp_path: Path) -> None:
    study = fake_study(tmp_path / "old")
    tried = 0
    for file, line in files_that_are_no_dress(study.root):
        done = CliRunner().invoke(app, ["swap", str(study.root), f"dress={file}", "--references", str(study.root / "photos")])
        assert done.exception is None or isinstance(done.exception, (SystemExit, InputError)), file
        assert done.exit_code != 0, file
        assert line in str(done.exception) + done.output, file
        assert [path.name for path in tmp_path.iterdir()] == ["old"], file
        tried += 1
    assert tried == 9


def test_a_file_is_tried_on_the_base(tmp_path: Path) -> None:
    study = fake_study(tmp_path / "old")
    text = (study.root / "study.yaml").read_text(encoding="utf-8")
    study.models = LocalModels(study.spec, study.root, small_base(tmp_path / "configs", "sd15"))
    for width, fits in ((16, True), (24, False)):
        file = save_small_lora(study.root / f"{width}.safetensors", width=width)
        lines: list[str] = []
        given: dict[str, Any] = {"references": study.root / "photos", "trigger": None, "report": lines.append}
        if fits:
            swap_lora(study, text, "dress", file, tmp_path / "new", **given)
            assert not any("not tried" in line for line in lines)
            assert any("names no trigger word" in line for line in lines)
        else:
            with pytest.raises(InputError, match="another architecture"):
                swap_lora(study, text, "dress", file, tmp_path / "other", **given)
            assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    "search", ["", "search: {trials: 9}\n", "search:\n  trials: 9\n", "search: {learn: [a]}\n", "search: {}\n"]
)
def test_the_old_study_is_named_however_the_file_is_written(search: str) -> None:
    from studies.derive.swap import _with_learn

    swapped = yaml.safe_load(_with_learn(f"name: a\n{search}seeds: [1]\n", "../old"))
    assert swapped["search"]["learn"] == ["../old"]
    assert swapped["seeds"] == [1]
    assert swapped["search"].get("trials", 9) == 9


def test_several_loras_change_at_once(tmp_path: Path) -> None:
    study = fake_study(tmp_path / "old")
    coat = coat_in(tmp_path / "old")
    (tmp_path / "old" / "boots").mkdir()
    Image.new("RGB", (64, 96)).save(tmp_path / "old" / "boots" / "photo.png")
    boots = save_small_lora(tmp_path / "old" / "boots.safetensors", {TRIGGER_KEY: "redboots"}, seed=3)
    done = CliRunner().invoke(app, ["swap", str(study.root), f"dress={coat}", f"shoes={boots}"])
    assert done.exit_code == 0, done.output
    made = read_spec(tmp_path / "old-coat-boots" / "study.yaml")
    assert made.prompt == "1girl, mycoat, redboots"
    assert {name: Path(made.loras[name].last).name for name in made.loras} == {
        "face": "face.safetensors", "dress": "coat.safetensors", "shoes": "boots.safetensors"
    }  # fmt: skip
    assert made.search.learn == ["../old"]


def test_a_lora_or_a_file_that_is_named_twice_changes_nothing(tmp_path: Path) -> None:
    study = fake_study(tmp_path / "old")
    coat = coat_in(tmp_path / "old")
    text = (study.root / "study.yaml").read_text(encoding="utf-8")
    for changes in ([Change("dress", coat), Change("dress", coat)], [Change("dress", coat), Change("shoes", coat)]):
        with pytest.raises(InputError):
            swap_loras(study, text, changes, tmp_path / "new")
        assert not (tmp_path / "new").exists()
