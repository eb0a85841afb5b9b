"""The main job, end to end at a small budget, through the command line: what a newcomer sees first."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from shutil import copyfile, copytree, ignore_patterns
from typing import Any
from urllib.parse import unquote

import pytest
from PIL import Image

from models.lora.file import read_metadata
from studies.paperdoll.bundle import WEIGHTS, lora_file
from studies.paperdoll.study import COMPANIONS, REQUIRE
from studies.paperdoll.world.products import OUTFIT
from studies.picture_settings.reader import read_picture

TRIALS = 6
SMALL = ("--scout", "1", "--trials", "6", "--epochs", "1")


def huanhua(*words: str | Path) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    command = [sys.executable, "-m", "huanhua", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("main job") / "demo"
    done = huanhua("demo", folder, *SMALL, "--json")
    assert done.returncode in (0, 1), done.stderr[-2000:]
    return folder, json.loads(done.stdout)


@pytest.fixture(scope="module")
def searched(demo: tuple[Path, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The same study with the LoRAs that ship in the place of the hardly trained ones, and what `show` says of it."""
    made, found = demo
    folder = tmp_path_factory.mktemp("searched") / "demo"
    copytree(made, folder, ignore=ignore_patterns("workspace", "photos"))
    text = (made / "study.yaml").read_text(encoding="utf-8")
    (folder / "study.yaml").write_text(text.replace(os.path.relpath(WEIGHTS, made), str(WEIGHTS)), encoding="utf-8")
    for product in OUTFIT:
        copyfile(lora_file(product), folder / "loras" / f"{product}.safetensors")
    assert huanhua("lock", folder, str(found["seed"]), "--unseen").returncode == 0
    done = huanhua("run", folder, "--trials", str(TRIALS))
    assert done.returncode in (0, 1), done.stderr[-2000:]
    (result,) = json.loads(huanhua("show", folder, "--json").stdout)["seeds"]
    return folder, result


def test_nothing_is_feasible_with_a_lora_that_learnt_nothing(demo: tuple[Path, dict[str, Any]]) -> None:
    """One epoch of the shoes is nothing that a score could see."""
    folder, found = demo
    assert found["unmeasurable"] == ["shoes"]
    assert (found["feasible"], found["trials"]) == (False, 1)
    assert Path(found["grid"]).is_file()
    assert len(list((folder / "loras").glob("*.safetensors"))) == 3


def test_a_run_ends_with_a_pick_or_names_what_blocks_it(searched: tuple[Path, dict[str, Any]]) -> None:
    folder, found = searched
    assert found["unmeasurable"] == []
    assert 1 < found["trials"] <= TRIALS
    if found["feasible"]:
        assert set(found["pick"]["weights"]) == {"face", "dress", "shoes"}
        info = read_picture(Path(huanhua("export", folder, "--to", "png").stdout.strip()))
        assert info.seed == found["seed"]
        assert info.size == (128, 192)
    else:
        assert found["nearest"]["blocked_by"]


def test_the_shoes_are_trained_and_the_others_are_those_that_ship(demo: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = demo
    made = {product: (folder / "loras" / f"{product}.safetensors").read_bytes() for product in OUTFIT}
    shipped = {product: lora_file(product).read_bytes() for product in OUTFIT}
    assert {product for product in OUTFIT if made[product] == shipped[product]} == {"myface", "testdress"}


def test_each_lora_is_trained_with_its_companions(demo: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = demo
    for product, companions in COMPANIONS.items():
        if product in OUTFIT:
            metadata = read_metadata(folder / "loras" / f"{product}.safetensors")
            hashes = {
                other: read_metadata(folder / "loras" / f"{other}.safetensors")["sshs_model_hash"][:12] for other in companions
            }
            assert json.loads(metadata["huanhua_beside"]) == hashes


def test_the_budget_is_announced_before_anything_is_drawn(demo: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = demo
    done = huanhua("scout", folder, "--seeds", "3")
    assert done.returncode == 0, done.stderr
    assert "at most 2 images" in done.stderr, "the demo drew the first"


def test_a_second_demo_goes_on_and_finds_the_same(demo: tuple[Path, dict[str, Any]]) -> None:
    folder, found = demo
    before = {p.name: p.stat().st_mtime_ns for p in (folder / "workspace" / "images").iterdir()}
    loras = {p: p.stat().st_mtime_ns for p in (folder / "loras").glob("*.safetensors")}
    done = huanhua("demo", folder, *SMALL, "--json")
    again = json.loads(done.stdout)
    assert {**again, "minutes": 0} == {**found, "minutes": 0}
    assert {p.name: p.stat().st_mtime_ns for p in (folder / "workspace" / "images").iterdir()} == before
    assert {p: p.stat().st_mtime_ns for p in loras} == loras


def test_mlflow_holds_a_parent_and_a_child_with_an_image_for_each_trial(searched: tuple[Path, dict[str, Any]]) -> None:
    folder, found = searched
    workspace = folder / "workspace"
    child_of = "select parent.value from tags as parent where parent.key = 'mlflow.parentRunId'"
    wanted = "select artifact_uri, value from runs join tags using (run_uuid) where tags.key = 'mlflow.parentRunId'"
    with sqlite3.connect(workspace / "mlflow.db") as database:
        seeds = f"select run_uuid, value from tags where key = 'huanhua.seed' and run_uuid in ({child_of})"
        seed_of = {run: int(seed) for run, seed in database.execute(seeds)}
        runs = [(place, seed_of[parent]) for place, parent in database.execute(wanted)]
    assert len(set(seed_of.values())) == len(seed_of)
    assert sum(seed == found["seed"] for _, seed in runs) == found["trials"]
    places = [place for place, _ in runs]
    for place in places:
        pictures = list(Path(unquote(place.removeprefix("file://"))).rglob("*.png"))
        assert pictures
        with Image.open(pictures[0]) as picture:
            assert picture.size == (128, 192)


def test_the_optuna_study_opens_with_named_objectives_and_constraints(searched: tuple[Path, dict[str, Any]]) -> None:
    import optuna

    folder, found = searched
    storage = f"sqlite:///{folder / 'workspace' / 'optuna.db'}"
    study = optuna.load_study(study_name=f"paper-doll-seed-{found['seed']}", storage=storage)
    assert len(study.trials) == found["trials"]
    assert study.metric_names == ["total weight", "worst garment", "identity", "broken hands"]
    for trial in study.trials:
        assert len(trial.system_attrs["constraints"]) == 5
        assert (folder / "workspace" / "artifacts" / trial.user_attrs["artifact"]).is_file()


def test_validate_opens_all_and_a_grid_draws_around_the_pick(searched: tuple[Path, dict[str, Any]]) -> None:
    folder, found = searched
    done = huanhua("validate", folder)
    assert done.returncode == 0, done.stderr
    assert "valid" in done.stdout.splitlines()[-1]
    grid = huanhua("grid", folder, "--seed", str(found["seed"]), "--x", "dress=0.4,0.8", "--y", "cfg=5")
    assert grid.returncode == 0, grid.stderr
    assert Path(grid.stdout.strip()).is_file()


def test_a_changed_requirement_judges_old_images_without_drawing(searched: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = searched
    path = folder / "study.yaml"
    kept = path.read_text()
    drawn = set((folder / "workspace" / "images").iterdir())
    try:
        path.write_text(kept.replace(f"dress: {REQUIRE}", "dress: 0.0"))
        done = huanhua("show", folder, "--json")
        assert json.loads(done.stdout)["seeds"][0]["require"]["dress"] == 0.0
    finally:
        path.write_text(kept)
    assert set((folder / "workspace" / "images").iterdir()) == drawn


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("run", "nowhere"), "no such study"),
        (("prepare", "EMPTY", "out", "--kind", "shoes", "--trigger", "x"), "huanhua:"),
        (("prepare", "EMPTY", "out", "--kind", "shoes", "--trigger", "../x"), "huanhua:"),
        (("train", "EMPTY", "--base", "no-base", "--kind", "face", "--out", "x.safetensors"), "huanhua:"),
        (("train", "EMPTY", "--base", "no-base", "--kind", "face", "--out", "x.ckpt"), ".safetensors"),
        (("init", "TAKEN"), "already"),
        (("init", "EMPTY/new", "--from", "nothing.png"), "huanhua:"),
        (("export", "TAKEN", "--seed", "1", "--to", "png"), "huanhua:"),
        (("dashboards", "TAKEN"), "huanhua:"),
        (("show", "TAKEN"), "huanhua:"),
        (("lock", "TAKEN", "1"), "huanhua:"),
    ],
)
def test_wrong_input_is_one_line_and_status_2_and_writes_nothing(tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    (tmp_path / "EMPTY").mkdir()
    (tmp_path / "TAKEN").mkdir()
    (tmp_path / "TAKEN" / "study.yaml").write_text("name: x\npromt: y\n")
    before = sorted(tmp_path.rglob("*"))
    done = subprocess.run([sys.executable, "-m", "huanhua", *words], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert says in done.stderr
    assert sorted(tmp_path.rglob("*")) == before
