"""What LoRA files and what lies beside them tell a new study: kind, trigger, start weight and bounds, each with its source."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.lora.layout import KIND_KEY
from models.testing.loras import save_small_lora
from studies.lora_files.section import LoraSection
from studies.project.lora_card import LoraCard, lora_card
from studies.project.loras import FoundLora, loras_in
from studies.project.new import new_project
from studies.spec import read_spec
from studies.starter.found_study import found_study

TRIGGER = {"modelspec.trigger_phrase": "wxyz"}


def found(folder: Path, name: str = "a", metadata: dict[str, str] | None = None, **beside: Any) -> FoundLora:
    save_small_lora(folder / f"{name}.safetensors", metadata)
    for ending, table in beside.items():
        (folder / f"{name}.{ending.replace('_', '.')}").write_text(json.dumps(table), encoding="utf-8")
    (lora,), wrong = loras_in(folder, [])
    assert wrong == []
    return lora


def test_a_file_of_ours_tells_its_kind(tmp_path: Path) -> None:
    lora = found(tmp_path, "x", {KIND_KEY: "shoes", **TRIGGER})
    assert (lora.kind, lora.kind_from, lora.trigger, lora.trigger_from) == ("shoes", "its metadata", "wxyz", None)
    assert (lora.start, lora.start_from, lora.most) == (0.4, None, 1.0)


@pytest.mark.parametrize("kind", ["", "hat", "Shoes"])
def test_a_kind_that_is_none_is_passed_over(tmp_path: Path, kind: str) -> None:
    assert found(tmp_path, "x", {KIND_KEY: kind}).kind_from is None


def test_a1111_s_card_tells_weight_and_trigger(tmp_path: Path) -> None:
    lora = found(tmp_path, json={"preferred weight": 1.25, "activation text": "<lora:a:1>, tdress, red"})
    assert (lora.trigger, lora.trigger_from) == ("tdress", "a.json")
    assert (lora.start, lora.start_from, lora.most) == (1.25, "a.json", 1.25)


def test_civitai_s_card_tells_trigger_and_title(tmp_path: Path) -> None:
    lora = found(tmp_path, civitai_info={"trainedWords": ["abc, def"], "model": {"name": "Lolita Dress v2"}})
    assert (lora.trigger, lora.trigger_from) == ("abc", "a.civitai.info")
    assert (lora.kind, lora.kind_from) == ("clothing", "a guess by its title on Civitai")


def test_the_file_s_own_trigger_comes_first(tmp_path: Path) -> None:
    lora = found(tmp_path, "x", TRIGGER, json={"activation text": "other"})
    assert (lora.trigger, lora.trigger_from) == ("wxyz", None)


def test_a_tag_of_all_captions_that_the_name_has_is_guessed_to_be_the_trigger(tmp_path: Path) -> None:
    counts = {"10_a": {"1girl": 20, "red hanfu": 20, "smile": 3}, "10_b": {"1girl": 5, "red hanfu": 5}}
    lora = found(tmp_path, "Red_Hanfu_v3", {"ss_tag_frequency": json.dumps(counts)})
    assert (lora.trigger, lora.trigger_from) == ("red hanfu", "a guess by its training captions")
    assert found(tmp_path / ".." / tmp_path.name, "Red_Hanfu_v3", {"ss_tag_frequency": "[]"}).trigger is None


@pytest.mark.parametrize("weight", [0, -1, 2.5, True, "0.7", None, 1e400])
def test_a_weight_that_no_study_takes_is_passed_over(tmp_path: Path, weight: object) -> None:
    assert found(tmp_path, json={"preferred weight": weight}).start_from is None


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(
    st.sampled_from(["preferred weight", "activation text", "trainedWords", "model", "name"]), inner)))  # fmt: skip
def test_any_card_is_read_or_passed_over(tmp_path_factory: pytest.TempPathFactory, card: object) -> None:
    path = tmp_path_factory.mktemp("cards") / "a.safetensors"
    for ending in (".json", ".civitai.info"):
        path.with_suffix(ending).write_text(json.dumps(card), encoding="utf-8")
    told = lora_card(path)
    assert told.weight is None or 0 < told.weight <= 2
    assert told.trigger is None or told.trigger.strip() == told.trigger != ""


def test_a_card_that_does_not_read_tells_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"\xff{")
    assert lora_card(tmp_path / "a.safetensors") == LoraCard()


def test_a_new_study_takes_them_and_says_where_each_is_from(tmp_path: Path) -> None:
    new_project(tmp_path)
    found(tmp_path / "loras", "soft", {KIND_KEY: "clothing"}, json={"preferred weight": 1.5, "activation text": "tdress"})
    text = found_study(tmp_path, "s")
    assert "# kind: its metadata; trigger: soft.json; start: soft.json\n" in text
    (tmp_path / "studies" / "study.yaml").write_text(text, encoding="utf-8")
    section = LoraSection(file="loras/soft.safetensors", kind="clothing", trigger="tdress", start=1.5, bounds=(0, 1.5))
    assert read_spec(tmp_path / "studies" / "study.yaml").loras == {"soft": section}
    assert "tdress" in read_spec(tmp_path / "studies" / "study.yaml").prompt
