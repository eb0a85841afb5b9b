"""The commercially clean profile: what init writes, what doctor certifies, and what lacks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from models.catalogue import FREE, PROFILES, real_model
from models.errors import InputError
from models.licences import summary
from models.testing.poses import write_blind_pose
from studies.cli.app import app
from studies.cli.prepare import parser_named
from studies.doctor.licences import study_licences
from studies.scorer_spec import ScorersSection
from studies.spec import read_spec
from studies.testing.lab_study import SPEC, study_in


def invoked(*words: object) -> tuple[int, str]:
    found = CliRunner().invoke(app, [*map(str, words)])
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found.exit_code, found.stdout


def test_init_names_where_get_puts_each_model(tmp_path: Path) -> None:
    assert invoked("init", tmp_path / "s", "--profile", FREE)[0] == 0
    spec = read_spec(tmp_path / "s/study.yaml")
    assert spec.scorers.parts.model == "pose"
    assert spec.scorers.face.pack == "models/auraface"
    assert spec.scorers.garment.model == "local-dir:models/marqo-fashionsiglip"
    assert spec.base.checkpoint == f"models/sd-v1-5/{real_model('sd-v1-5').files[0]}"
    assert invoked("init", tmp_path / "p", "--profile", "photo")[0] == 0
    assert read_spec(tmp_path / "p/study.yaml").scorers.parts.model == "models/fashn-human-parser"


@pytest.mark.parametrize("words", [("init", "s"), ("doctor",), ("models", "get"), ("models", "list")])
def test_a_profile_that_is_none_is_one_line(words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"no profile comercial.*choose of photo, free"):
        invoked(*words, "--profile", "comercial")
    assert not list(tmp_path.iterdir())


def test_doctor_certifies_the_profile_and_says_what_is_not_here(tmp_path: Path) -> None:
    code, text = invoked("doctor", "--profile", FREE, "--to", tmp_path)
    assert code == 1
    assert text.count("NOT HERE: huanhua models get --profile free") == len(PROFILES[FREE])
    assert text.count("commercial use: yes") == len(PROFILES[FREE]) + 1
    for name in PROFILES[FREE]:
        for file in real_model(name).files:
            place = real_model(name).folder(tmp_path) / file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch()
    code, text = invoked("doctor", "--profile", FREE, "--to", tmp_path, "--json")
    assert code == 0
    assert json.loads(text)["commercial_use"] == "yes"
    assert [one["name"] for one in json.loads(text)["licences"]] == list(PROFILES[FREE])


def test_doctor_names_what_forbids_commercial_use(tmp_path: Path) -> None:
    code, text = invoked("doctor", "--profile", "photo", "--to", tmp_path)
    assert code == 1
    assert "commercial use: no: fashn-human-parser (parts of a person), buffalo_l (faces); unknown of chilloutmix" in text


def test_doctor_of_a_study_lists_the_licence_of_each_model(tmp_path: Path) -> None:
    found = study_licences(study_in(tmp_path, scorers={**SPEC["scorers"], "face": {"pack": "models/buffalo_l"}}))
    assert {one.use for one in found} == {"base", "LoRA", "garments", "faces", "hands", "parts"}
    assert {one.use for one in found if one.commercial == "no"} == {"faces", "parts"}
    assert summary(found).startswith("commercial use: no: buffalo_l (faces), fashn-human-parser (parts)")


def test_a_study_and_a_profile_at_once_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="name one of the two"):
        invoked("doctor", tmp_path / "s", "--profile", FREE)


def test_parts_from_the_pose_need_a_pose_model() -> None:
    with pytest.raises(ValueError, match="needs a pose model"):
        ScorersSection.model_validate({"parts": {"model": "pose"}, "hands": {"judge": "hands.onnx"}})


def test_prepare_takes_the_pose_model_where_no_parser_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"no pose model is here.*models get dwpose"):
        parser_named("pose")
    assert parser_named("auto") == "fashn-ai/fashn-human-parser"
    (tmp_path / "models/dwpose").mkdir(parents=True)
    write_blind_pose(tmp_path / "models/dwpose/dw-ll_ucoco_384.onnx")
    assert parser_named("pose") == parser_named("auto") == "models/dwpose/dw-ll_ucoco_384.onnx"
    assert "parts are told from the pose model" in capsys.readouterr().out


def test_what_is_secret_leaves_json_whole_and_sources_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    monkeypatch.setenv("MY_TOKEN", "true")
    found = json.loads(invoked("doctor", "--profile", FREE, "--to", tmp_path, "--json")[1])
    assert [line["well"] for line in found["lines"]] == [False] * len(PROFILES[FREE]) + [True]
    assert found["licences"][0]["source"] == real_model(PROFILES[FREE][0]).source


def test_the_models_of_a_profile_alone_are_listed(tmp_path: Path) -> None:
    listed = json.loads(invoked("models", "list", "--profile", FREE, "--to", tmp_path, "--json")[1])
    assert [model["name"] for model in listed] == list(PROFILES[FREE])
    assert "buffalo_l" not in invoked("models", "list", "--profile", FREE, "--to", tmp_path)[1]


def test_who_chooses_models_hears_of_the_profile(tmp_path: Path) -> None:
    told = invoked("new", tmp_path / "p")[1].splitlines()
    assert "commercial use take --profile free" in told[-2]
    assert "`huanhua models get --profile free`" in (tmp_path / "p" / "README.md").read_text()
    listed = invoked("models", "list", "--to", tmp_path)[1].splitlines()
    assert listed[-2:] == [
        "all of a first study, not all for commercial use: huanhua models get --profile photo",
        "all of a first study, licences allow commercial use: huanhua models get --profile free",
    ]
