"""README's "your own study", typed line by line in an empty folder, with the lab's models under the real models' names."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from models.testing.poses import write_blind_pose
from studies.cli.app import app
from studies.paperdoll.bundle import WEIGHTS, lora_file
from studies.paperdoll.photos import write_photos
from studies.paperdoll.world.products import Product
from tests.house.test_readme import READMES, ROOT, commands

PHOTOS: dict[str, Product] = {"face": "myface", "dress": "testdress", "shoes": "myshoes"}
TRAINED = "data/shoes"
"""The only set that is trained here; the LoRAs that ship stand for the others."""
SMALLER = {"--seeds 16": "--seeds 1", "--trials 40": "--trials 4", "--trial 12": "--trial 0", "0.3:0.6:0.1": "0.4,0.5"}
"""Sizes of what is typed that would take hours."""
ADDED = {"prepare": "--size 128x192", "train": "--preset lab --set plan.epochs=1"}
"""Options for bases of the lab's size."""
LEFT_OUT = ("dashboards", "serve", "levels")
"""Verbs that run until they are stopped, or ask a person."""
WANTED = (
    *("new", "models", "prepare", "train", "init", "validate", "scout", "lock", "run", "show", "pick", "score", "grid", "export"),
    *("lookbook", "swap"),
)
FEWER = (("steps: 30", "steps: 2"), ("rng: gpu", "rng: cpu"), ("clip_skip: 2", "clip_skip: 1"))


def own_study(name: str) -> list[list[str]]:
    """The commands after the demo's: from `huanhua new` on."""
    found = commands(name)
    return found[next(i for i, words in enumerate(found) if words[:2] == ["huanhua", "new"]) :]


def test_both_readmes_type_the_same() -> None:
    first, second = (own_study(name) for name in READMES)
    assert first == second
    verbs = [words[1] for words in first if words[0] == "huanhua"]
    assert set(WANTED) <= set(verbs)


@pytest.mark.parametrize("name", READMES)
def test_readmes_are_short(name: str) -> None:
    assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) <= 100


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Path]:
    before = Path.cwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of a library, for NumPy 2
def test_your_own_study_as_it_is_typed(empty: Path) -> None:
    typed = []
    for words in own_study(READMES[0]):
        if words[0] == "cd":
            os.chdir(words[1])
            lab_in(Path())
            continue
        verb = words[1]
        if verb in LEFT_OUT:
            continue
        line = shlex.join(words[1:])
        for large, small in SMALLER.items():
            line = line.replace(large, small)
        if verb == "train":
            if words[2] != TRAINED:
                product = PHOTOS[Path(words[2]).name]
                shutil.copyfile(lora_file(product), Path("loras", f"{product}.safetensors"))
                continue
            shorten(Path(words[2]))
        if verb == "score":
            shutil.copyfile(next(Path("studies/my-study/workspace/images").glob("*.png")), "picture.png")
        if verb == "swap":
            shutil.copyfile(lora_file("mycoat"), "loras/nextdress.safetensors")
            write_photos("mycoat", Path("data/nextdress"), 2)
        done = CliRunner().invoke(app, [*shlex.split(line), *shlex.split(ADDED.get(verb, ""))])
        assert done.exit_code in allowed(verb), (line, done.output, done.exception)
        typed.append(verb)
        if verb == "init":
            small_study(Path("studies/my-study/study.yaml"))
    assert Path("loras/myshoes.safetensors").is_file()
    assert list(Path("studies/my-study/workspace/exports").glob("*.png"))
    assert Path("studies/my-study/workspace/lookbook/index.html").is_file()
    assert Path("studies/my-study-nextdress/study.yaml").is_file()
    assert {path.name for path in empty.iterdir()} == {"my-project"}


def allowed(verb: str) -> tuple[int, ...]:
    """1: nothing is feasible after so few steps; of doctor, that an optional library is missing."""
    return (0, 1) if verb in ("run", "show", "lookbook", "doctor", "score") else (0,)


def lab_in(project: Path) -> None:
    """The lab's models in the places of the real ones, and photos."""
    for source, name in (
        ("base", "chilloutmix.safetensors"),
        ("clip", "vit-l-14"),
        ("parser", "fashn-human-parser"),
        ("faces", "buffalo_l"),
        ("tagger", "wd-vit-tagger-v3"),
    ):
        shutil.copytree(WEIGHTS / source, project / "models" / name)
    (project / "models" / "dwpose").mkdir()
    write_blind_pose(project / "models" / "dwpose" / "dw-ll_ucoco_384.onnx")
    for folder, product in PHOTOS.items():
        write_photos(product, project / "photos" / folder, 4)


def shorten(dataset: Path) -> None:
    """One repeat of each picture: folders are renamed, as `train` says, here and in the manifest."""
    manifest = dataset / "manifest.json"
    for folder in (*dataset.glob("train/*_*"), *dataset.glob("reg/*_*")):
        shorter = folder.with_name(f"1_{folder.name.partition('_')[2]}")
        folder.rename(shorter)
        text = manifest.read_text(encoding="utf-8").replace(f"/{folder.name}/", f"/{shorter.name}/")
        manifest.write_text(text, encoding="utf-8")


def small_study(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert "width: 128" in text  # the size of the base
    assert [name for name in PHOTOS if f'references: "data/{name}"' in text] == list(PHOTOS)
    for large, small in FEWER:
        text = text.replace(large, small)
    file.write_text(text, encoding="utf-8")
