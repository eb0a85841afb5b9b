"""`huanhua models`: what is listed, and fetching from a hub on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from models.catalogue import CATALOGUE, limits_of_use, real_model
from models.errors import InputError
from models.testing.hub import Hub, serving
from studies.cli.app import app

POSE = "yzd-v/DWPose/dw-ll_ucoco_384.onnx"
TAGGER = ("SmilingWolf/wd-vit-tagger-v3/model.onnx", "SmilingWolf/wd-vit-tagger-v3/selected_tags.csv")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    rng = np.random.default_rng(0)
    files = {name: rng.bytes(400_000 + i) for i, name in enumerate((POSE, *TAGGER))}
    with serving(Hub(files)) as found:
        monkeypatch.setenv("HF_ENDPOINT", found.address)
        monkeypatch.setenv("HF_TOKEN", "hf_secret")
        yield found


def run(*words: object) -> Any:
    found = CliRunner().invoke(app, ["models", *map(str, words)])
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found


def test_a_model_is_fetched_whole_and_not_twice_and_no_token_is_sent(hub: Hub, tmp_path: Path) -> None:
    printed = run("get", "wd-vit-tagger-v3", "--to", tmp_path).stdout
    for name in TAGGER:
        assert (tmp_path / "wd-vit-tagger-v3" / name.rsplit("/", 1)[1]).read_bytes() == hub.files[name]
    assert "Apache-2.0" in printed
    assert f"--tagger {tmp_path.as_posix()}/wd-vit-tagger-v3" in printed
    assert all(authorisation is None for *_, authorisation in hub.asked)
    hub.asked.clear()
    assert "there already" in run("get", "wd-vit-tagger-v3", "--to", tmp_path).stdout
    assert {method for method, *_ in hub.asked} == {"HEAD"}


def test_a_download_that_breaks_off_goes_on_where_it_stopped(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 50_000)
    hub.broken.add(POSE)
    run("get", "dwpose", "--to", tmp_path)
    assert (tmp_path / "dwpose" / "dw-ll_ucoco_384.onnx").read_bytes() == hub.files[POSE]
    ranges = [given for method, _, given, _ in hub.asked if method == "GET" and given]
    assert ranges
    assert 0 < int(ranges[0].removeprefix("bytes=").rstrip("-").split("-")[0]) < len(hub.files[POSE])


def test_a_file_that_was_changed_here_is_fetched_again(hub: Hub, tmp_path: Path) -> None:
    run("get", "dwpose", "--to", tmp_path)
    path = tmp_path / "dwpose" / "dw-ll_ucoco_384.onnx"
    path.write_bytes(b"cut")
    run("get", "dwpose", "--to", tmp_path)
    assert path.read_bytes() == hub.files[POSE]


def test_another_hash_than_the_hub_tells_is_refused_and_nothing_stays(hub: Hub, tmp_path: Path) -> None:
    hub.lies.add(POSE)
    with pytest.raises(InputError, match="another hash"):
        run("get", "dwpose", "--to", tmp_path)
    assert not (tmp_path / "dwpose" / "dw-ll_ucoco_384.onnx").exists()


def test_a_hub_that_lacks_it_or_does_not_answer_is_reported_in_a_line(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="not fetched"):
        run("get", "dinov2-base", "--to", tmp_path)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(InputError, match="HF_ENDPOINT"):
        run("get", "dwpose", "--to", tmp_path)


def test_what_is_fetched_by_hand_and_unknown_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"not fetched by this command: put it at .*chilloutmix\.safetensors.*civitai.*base: \{checkpoint:"
    ):
        run("get", "chilloutmix", "--to", tmp_path)
    with pytest.raises(InputError, match="choose one of"):
        run("get", "dwpoze", "--to", tmp_path)


def test_the_list_tells_size_licence_source_and_place(hub: Hub, tmp_path: Path) -> None:
    run("get", "dwpose", "--to", tmp_path)
    found = {one["name"]: one for one in json.loads(run("list", "--to", tmp_path, "--json").stdout)}
    assert list(found) == [model.name for model in CATALOGUE]
    assert found["dwpose"]["path"] == str(tmp_path / "dwpose")
    assert found["vit-l-14"]["path"] is None
    text = run("list", "--to", tmp_path).stdout
    for model in CATALOGUE:
        assert model.licence in text
        assert model.source in text


def test_every_setting_names_its_folder_and_every_repository_its_files() -> None:
    for model in CATALOGUE:
        assert bool(model.repo) == bool(model.files)
        assert "{{" not in model.setting.format(folder="F")
    assert real_model("ViT-L-14").setting.format(folder="F") == "scorers.garment: {model: local-dir:F, pretrained: null}"


def test_licences_that_forbid_a_use_are_named() -> None:
    assert len(limits_of_use("buffalo_l", "fashn-ai/fashn-human-parser")) == 2
    assert limits_of_use("models/free-pack", "models/own-parser") == []
