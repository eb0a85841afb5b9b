"""The suite of base families on flow-matching bases, opened from diffusers folders; what they do not follow is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from models.base.family import Base, Conditioning
from models.base.flow import TOKENS
from models.base.opening import family_at, open_base
from models.errors import InputError
from models.testing.family_conformance import BaseFamilySuite
from models.testing.flow.folders import FOLDERS

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("folders")
    return {name: write(place / name) for name, write in FOLDERS.items()}


class TestZImage(BaseFamilySuite):
    @pytest.fixture(scope="class")
    def base(self, folders: dict[str, Path]) -> Base:
        return open_base(folders["z-image"])


class TestFlux(BaseFamilySuite):
    @pytest.fixture(scope="class")
    def base(self, folders: dict[str, Path]) -> Base:
        return open_base(folders["flux"])


class TestFlux2Klein(BaseFamilySuite):
    @pytest.fixture(scope="class")
    def base(self, folders: dict[str, Path]) -> Base:
        return open_base(folders["flux2"])


@pytest.fixture(params=FOLDERS)
def folder(request: pytest.FixtureRequest, folders: dict[str, Path]) -> Path:
    return folders[request.param]


def line(base: Base, prompt: str = "a", negative: str = "") -> str:
    with pytest.raises(InputError) as refused:
        base.family.encode(base, prompt, negative, size=(64, 64))
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_folder_is_recognised_by_its_index(folder: Path) -> None:
    opened = open_base(folder)
    assert (family_at(folder).name, opened.family.name) == (folder.name, folder.name)
    assert opened.family.title != ""
    assert not any(p.requires_grad for model in opened.models for p in model.parameters())


def test_weights_of_words_are_refused_and_brackets_are_text(folder: Path) -> None:
    base = open_base(folder)
    assert "the weight of '(hat:1.2)'" in line(base, "a red (hat:1.2)")
    assert "the weight of '(dog: 1.3)'" in line(base, "a cat", "big (dog: 1.3)")
    base.family.encode(base, "a (red) hat, BREAK at 7:30 (it is late)", "", size=(64, 64))


def test_a_prompt_whose_end_would_be_cut_off_is_refused(folder: Path) -> None:
    assert f"reads {TOKENS}" in line(open_base(folder), "zq " * TOKENS)


def test_each_distinct_prompt_is_encoded_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base, asked = open_base(folder), list[str]()
    plain = type(base.family).encode_one  # type: ignore[attr-defined]

    def counted(self: object, base: Base, text: str) -> Conditioning:
        asked.append(text)
        found: Conditioning = plain(self, base, text)
        return found

    monkeypatch.setattr(type(base.family), "encode_one", counted)
    base.family.encode(base, "a cat", "a cat", size=(64, 64))
    base.family.encode(base, "a cat", "dog", size=(64, 64))
    assert asked == ["a cat", "a cat", "dog"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"_class_name": "FlowMatchHeunDiscreteScheduler"}, "with the scheduler FlowMatchHeunDiscreteScheduler"),
        ({"stochastic_sampling": True}, "draws noise of its own between the steps"),
    ],
)
def test_another_scheduler_is_refused(folder: Path, tmp_path: Path, changes: dict[str, object], told: str) -> None:
    shutil.copytree(folder, tmp_path / "other")
    config = tmp_path / "other/scheduler/scheduler_config.json"
    stated = json.loads(config.read_text())
    config.write_text(json.dumps(stated | changes))
    index = tmp_path / "other/model_index.json"
    named = json.loads(index.read_text())
    index.write_text(json.dumps(named | {"scheduler": ["diffusers", changes.get("_class_name", stated["_class_name"])]}))
    with pytest.raises(InputError, match=told):
        open_base(tmp_path / "other")
