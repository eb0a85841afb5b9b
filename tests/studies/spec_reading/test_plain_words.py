"""What people write wrong where pydantic's own words help nobody: said in plain words, one line each, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
import yaml

from models.errors import InputError
from models.language.translate import speak
from studies.spec import StudySpec, read_spec
from studies.spec_section import Section
from studies.testing.lab_study import SPEC

RAW = ("Input should", "List should", "String should", "pattern", "Field required", "validation")


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    speak("en")


def refused(tmp_path: Path, lora: dict[str, Any] | None = None, **changes: Any) -> InputError:
    loras = {**SPEC["loras"], "dress": {**SPEC["loras"]["dress"], **(lora or {})}}
    file = tmp_path / "study.yaml"
    file.write_text(yaml.safe_dump({**SPEC, "loras": loras, **changes}), encoding="utf-8")
    with pytest.raises(InputError) as told:
        read_spec(file)
    line = str(told.value)
    assert "\n" not in line
    assert not any(word in line for word in RAW), line
    speak("zh")
    assert any(not letter.isascii() for letter in told.value.translated())
    return told.value


@pytest.mark.parametrize("box", [[10, 20, 300, 400], [0.1, 0.2, 0.5, 96]])
def test_a_box_in_pixels(tmp_path: Path, box: list[float]) -> None:
    assert "from 0 to 1: divide pixels by them" in str(refused(tmp_path, {"region": {"box": box}}))


@pytest.mark.parametrize("box", [[0.1, 0.2, 0.3], "0.1, 0.2, 0.3, 0.4", [0.1, 0.2, "a", 0.4]])
def test_a_box_of_other_things_than_four_numbers(tmp_path: Path, box: object) -> None:
    assert "four numbers: [left, top, right, bottom]" in str(refused(tmp_path, {"region": {"box": box}}))


@pytest.mark.parametrize("file", [[], 3, None])
def test_no_file(tmp_path: Path, file: object) -> None:
    assert "loras.dress.file: name a file, or a list of files" in str(refused(tmp_path, {"file": file}))


@pytest.mark.parametrize("name", ["a/b", "-a", "../out"])
def test_a_study_that_is_called_what_no_folder_can_be(tmp_path: Path, name: str) -> None:
    assert "name: a name has letters, digits, spaces" in str(refused(tmp_path, name=name))


def test_a_lora_that_is_called_what_no_axis_can_be(tmp_path: Path) -> None:
    loras = {**SPEC["loras"], "my dress": SPEC["loras"]["dress"]}
    assert "loras.my dress: a name here has letters" in str(refused(tmp_path, loras=loras))


@pytest.mark.parametrize(
    "files",
    [
        ["dress-000008.safetensors", "dress-000004.safetensors"],
        ["dress.safetensors", "dress-000004.safetensors"],
        ["a/dress_000000500.safetensors", "b/dress_000000250.safetensors"],
    ],
)
def test_epochs_in_falling_order(tmp_path: Path, files: list[str]) -> None:
    """The last one draws the start image: in another order it would be the one that was trained least."""
    assert "files stand in the order of their training" in str(refused(tmp_path, {"file": files}))


@pytest.mark.parametrize(
    "files",
    [
        ["dress-000004.safetensors", "dress-000008.safetensors", "dress.safetensors"],
        ["dress-000008.safetensors", "other-000004.safetensors"],
        ["one.safetensors", "two.safetensors"],
        ["dress-v2.safetensors", "dress-v1.safetensors"],
    ],
)
def test_epochs_in_rising_order_and_names_that_say_nothing(tmp_path: Path, files: list[str]) -> None:
    loras = {**SPEC["loras"], "dress": {**SPEC["loras"]["dress"], "file": files}}
    file = tmp_path / "study.yaml"
    file.write_text(yaml.safe_dump({**SPEC, "loras": loras}), encoding="utf-8")
    assert list(read_spec(file).loras["dress"].files) == files


@pytest.mark.parametrize("schedule", [0.5, [0.5], [0, 0.5, 1], ["start", "end"], {"start": 0.5}])
def test_a_schedule_of_other_things_than_two_numbers(tmp_path: Path, schedule: object) -> None:
    assert "two shares of the steps, from 0 to 1: [start, end]" in str(refused(tmp_path, {"schedule": schedule}))


@pytest.mark.parametrize("bounds", [0.5, [0.5], None, ["a", "b"]])
def test_bounds_of_other_things_than_two_weights(tmp_path: Path, bounds: object) -> None:
    assert "bounds are two weights: [least, greatest]" in str(refused(tmp_path, {"bounds": bounds}))


@pytest.mark.parametrize("loras", [{}, [], None, "dress.safetensors"])
def test_no_loras(tmp_path: Path, loras: object) -> None:
    assert "loras: name the LoRAs, such as dress: {file: dress.safetensors" in str(refused(tmp_path, loras=loras))


@pytest.mark.parametrize("words", [5, None, ["pink dress"], {"dress": "pink"}])
def test_words_of_a_figure_that_are_no_text(tmp_path: Path, words: object) -> None:
    assert "the words of anna are text" in str(refused(tmp_path, figures={"anna": words, "bea": ""}))


@pytest.mark.parametrize("figures", ["anna", 3, None, ["anna", 3], {1: "pink dress", "bea": ""}])
def test_figures_that_are_no_names(tmp_path: Path, figures: object) -> None:
    assert "a list of names, or the words of each" in str(refused(tmp_path, figures=figures))


@pytest.mark.parametrize("hint", ["cany", "none", 3, None, True, ["canny"], {}])
def test_a_hint_that_is_none(tmp_path: Path, hint: object) -> None:
    told = str(refused(tmp_path, control={"edges": {"model": "net", "hint": hint}}))
    assert "control.edges.hint: a hint is one of canny, lineart, tile, pose, depth, or a picture of yours: {image: FILE}" in told


@pytest.mark.parametrize("region", ["atuo", 3, ["box"]])
def test_a_region_that_is_none(tmp_path: Path, region: object) -> None:
    assert "loras.dress.region: auto, {box: " in str(refused(tmp_path, {"region": region}))


def numeric_keys(section: type[Section], at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Keys of the study at which one number stands."""
    for name, field in section.model_fields.items():
        kinds = set(get_args(field.annotation)) or {field.annotation}
        if kinds & {int, float}:
            yield (*at, name)
        for kind in kinds if get_origin(field.annotation) is not dict else ():
            if isinstance(kind, type) and issubclass(kind, Section):
                yield from numeric_keys(kind, (*at, name))


NUMERIC = [place for place in numeric_keys(StudySpec) if place[0] != "draw"]


@pytest.mark.parametrize("place", [*NUMERIC, ("search", "margin")], ids=".".join)
@pytest.mark.parametrize("truth", [True, False])
def test_true_is_no_number(tmp_path: Path, place: tuple[str, ...], truth: bool) -> None:
    """pydantic reads it as 1."""
    study = deepcopy({**SPEC, "search": {k: v for k, v in SPEC["search"].items() if k != "robustness"}})
    at = study
    for key in place[:-1]:
        at[key] = at[key] if isinstance(at.get(key), dict) else {}
        at = at[key]
    at[place[-1]] = truth
    assert f"{'.'.join(place)}: numbers stand here, not true or false" in str(refused(tmp_path, **{place[0]: study[place[0]]}))


def test_true_is_no_number_of_a_server(tmp_path: Path) -> None:
    draw = {"with": "webui", "url": "http://127.0.0.1:7860", "tolerance": True}
    render = {key: value for key, value in SPEC["render"].items() if key not in ("device", "batch")}
    assert "draw.tolerance: numbers stand here" in str(refused(tmp_path, draw=draw, render=render))


@pytest.mark.parametrize("key", ["strength", "end", "price"])
def test_true_is_no_number_of_a_control(tmp_path: Path, key: str) -> None:
    told = refused(tmp_path, control={"edges": {"model": "net", "hint": "canny", key: True}})
    assert f"control.edges.{key}: numbers stand here" in str(told)


@pytest.mark.parametrize("key", ["start", "fixed", "price"])
def test_true_is_no_weight(tmp_path: Path, key: str) -> None:
    assert f"loras.dress.{key}: numbers stand here" in str(refused(tmp_path, {key: True}))


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [("search", "require", {"dress": True}), ("search", "cfg", [True, 7]), ("scorers", "extra", {"sharp": True})],
)
def test_true_is_no_number_in_lists_and_tables(tmp_path: Path, section: str, key: str, value: object) -> None:
    given = {section: {**SPEC.get(section, {}), key: value}}
    assert f"{section}.{key}: numbers stand here" in str(refused(tmp_path, **given))


def test_true_is_no_seed(tmp_path: Path) -> None:
    assert "seeds: numbers stand here" in str(refused(tmp_path, seeds=[True, 7]))
