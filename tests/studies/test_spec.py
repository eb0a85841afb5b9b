"""study.yaml: what is refused, and that the refusal names the place and the way to mend it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from models.errors import InputError
from studies.paperdoll.study import study_text
from studies.spec import StudySpec, read_spec, schema, study_file
from studies.starter.found_study import found_study


def demo_study(tmp_path: Path) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(study_text(tmp_path))
    return data


def read(tmp_path: Path, data: Any) -> Any:
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    return read_spec(path)


def test_the_demo_study_and_the_starter_are_valid(tmp_path: Path) -> None:
    assert set(read(tmp_path, demo_study(tmp_path)).searched()) == {"face", "dress", "shoes"}
    assert read(tmp_path, yaml.safe_load(found_study(tmp_path, "my-study"))).required("dress") == 0.7


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (lambda d: d["loras"]["face"].update(hihg=1), "unknown key loras.face.hihg"),
        (lambda d: d["loras"]["face"].update(file=[]), "name a file, or a list of files"),
        (lambda d: d["loras"]["face"].update(file=["a.safetensors", "./a.safetensors"]), "names the file ./a.safetensors twice"),
        (
            lambda d: d["loras"]["face"].update(file=["a.safetensors", d["loras"]["dress"]["file"]]),
            "loras.dress and loras.face name the same file",
        ),
        (lambda d: d["loras"]["face"].update(file=["a.safetensors", "b.safetensors"], fixed=0.5), "neither are files: name one"),
        (lambda d: d.update(promt="x"), "unknown key promt"),
        (lambda d: d["scorers"].update(extra={"dress": 0.5}), "scorers.extra names dress"),
        (lambda d: d["scorers"].update(extra={"sharp": 1.5}), "scorers.extra.sharp"),
        (lambda d: d["scorers"].update(extra={"sharp": {"hat": 0.5}}), "scorers.extra.sharp names hat, which is no LoRA"),
        (lambda d: d["scorers"].update(hands={}), "name a judge or a pose model"),
        (lambda d: d["scorers"]["hands"].update(pose="dwpose.onnx"), "name a judge or a pose model"),
        (lambda d: d.pop("prompt"), "prompt"),
        (lambda d: d["loras"]["face"].update(bounds=[1, 0]), "bounds must rise"),
        (lambda d: d["loras"]["face"].update(bounds=[-0.5, 1]), "loras.face.bounds"),
        (lambda d: d["search"].update(batch=0), "search.batch"),
        (lambda d: d["search"].update(levers={"drop": ["no such tag"]}), "no tag of the prompt"),
        (lambda d: d["search"].update(levers={"add": [" "]}), "empty word"),
        (lambda d: d["search"].update(levers={"add": ["a", "a"]}), "says twice"),
        (lambda d: d["search"].update(levers={"sub": ["a"]}), "unknown key search.levers.sub"),
        (lambda d: d["search"].update(margin=-0.02), "search.margin"),
        (lambda d: d["search"].update(robustness=-0.02), "search.robustness"),
        (lambda d: d["search"].update(margin=0.02, robustness=0.02), "older name of search.robustness: keep one"),
        (lambda d: d["loras"]["face"].update(start=1.5), "lies outside bounds"),
        (lambda d: d["search"]["require"].update(hat=0.5), "search.require names hat"),
        (lambda d: d["render"].update(width=130), "render.width"),
        (lambda d: d.update(seeds=[]), "empty list"),
        (lambda d: d.update(seeds=[-1]), "seeds"),
        (lambda d: d.update(name="../x"), "name"),
        (lambda d: d["search"].update(cfg=[7, 5]), "must rise"),
    ],
)
def test_refuses_with_the_place(tmp_path: Path, change: Any, refusal: str) -> None:
    data = demo_study(tmp_path)
    change(data)
    with pytest.raises(InputError, match=refusal) as caught:
        read(tmp_path, data)
    assert "\n" not in str(caught.value)
    assert str(tmp_path / "study.yaml") in str(caught.value)


def test_the_older_name_of_robustness_is_read(tmp_path: Path) -> None:
    data = demo_study(tmp_path)
    data["search"]["margin"] = 0.03
    assert read(tmp_path, data).search.robustness == 0.03


def test_a_searched_lora_needs_no_reference_photos(tmp_path: Path) -> None:
    data = demo_study(tmp_path)
    data["loras"]["dress"].pop("references")
    assert read(tmp_path, data).loras["dress"].references is None


@pytest.mark.parametrize("text", ["", "- 1\n- 2\n", "a: [", "\x00"])
def test_refuses_what_is_no_study(tmp_path: Path, text: str) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        read_spec(path)


def test_names_a_missing_study(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such study"):
        study_file(tmp_path)


def test_the_schema_describes_every_section() -> None:
    assert {"base", "prompt", "render", "loras", "search", "seeds", "scorers", "tracking"} <= set(schema()["properties"])


def test_a_lora_may_be_several_files_of_which_the_last_draws(tmp_path: Path) -> None:
    """Labels are names without suffix; where names are alike, whole places."""
    data = demo_study(tmp_path)
    data["loras"]["dress"]["file"] = ["loras/d-000004.safetensors", "loras/d.safetensors"]
    data["loras"]["shoes"]["file"] = ["4/s.safetensors", "8/s.safetensors"]
    spec = read(tmp_path, data)
    dress = spec.loras["dress"]
    assert (dress.labels, dress.last) == (("d-000004", "d"), "loras/d.safetensors")
    assert spec.loras["shoes"].labels == ("4/s.safetensors", "8/s.safetensors")
    assert list(spec.lora_files()) == ["dress", "dress@d-000004", "face", "shoes", "shoes@4/s.safetensors"]
    assert spec.space().files == {"dress": ("d-000004", "d"), "shoes": ("4/s.safetensors", "8/s.safetensors")}
    assert spec.start().files == {}
    assert StudySpec.model_validate(spec.model_dump(by_alias=True)) == spec


def test_the_schema_names_the_list_of_files() -> None:
    file = schema()["$defs"]["LoraSection"]["properties"]["file"]
    assert [form["type"] for form in file["anyOf"]] == ["string", "array"]
    assert "epochs" in file["description"]
