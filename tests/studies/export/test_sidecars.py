"""Recommended weights beside a LoRA: as A1111 and ComfyUI-Lora-Manager read them, and nothing of anybody else's lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from models.errors import InputError
from studies.export.recommended_weights import Recommended
from studies.export.sidecars import OWN, sidecars_of
from studies.project.lora_card import lora_card

FOUND = Recommended("dress", 0.65, 0.55, 0.8, 3)
REQUIRED = ("file_name", "model_name", "file_path", "size", "modified", "sha256", "base_model", "preview_url")
"""Fields without which the manager does not take a record (its utils/models.py)."""


@pytest.fixture
def lora(tmp_path: Path) -> Path:
    path = tmp_path / "red dress.v2.safetensors"
    save_file({"lora_unet_a.lora_up.weight": torch.zeros(4, 2), "lora_unet_a.lora_down.weight": torch.zeros(2, 4)}, path)
    return path


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8-sig"))
    return found


def written(lora: Path, found: Recommended = FOUND) -> tuple[dict[str, Any], dict[str, Any]]:
    for sidecar in sidecars_of(lora, found):
        sidecar.store()
    return read(lora.with_suffix(".json")), read(lora.with_suffix(".metadata.json"))


def test_both_programs_read_what_is_new(lora: Path) -> None:
    a1111, manager = written(lora)
    assert a1111["preferred weight"] == 0.65
    assert json.loads(manager["usage_tips"]) == {"strength": 0.65, "strength_min": 0.55, "strength_max": 0.8}
    assert all(field in manager for field in REQUIRED)
    assert lora_card(lora).weight == 0.65, "and the next study begins there"


def test_what_others_wrote_stays_and_is_told(lora: Path) -> None:
    lora.with_suffix(".json").write_text('\ufeff{"preferred weight": 0.9, "notes": "梅"}', encoding="utf-8")
    theirs = {"usage_tips": '{"strength_max": 1.2, "clip_skip": 2}', "favorite": True, "tags": ["红"]}
    lora.with_suffix(".metadata.json").write_text(json.dumps(theirs))
    one, other = sidecars_of(lora, FOUND)
    assert (one.kept, other.kept) == ({"preferred weight": 0.9}, {"strength_max": 1.2})
    a1111, manager = written(lora)
    assert (a1111["preferred weight"], a1111["notes"]) == (0.9, "梅")
    assert json.loads(manager["usage_tips"]) == {"strength": 0.65, "strength_min": 0.55, "strength_max": 1.2, "clip_skip": 2}
    assert (manager["favorite"], manager["tags"]) == (True, ["红"])


def test_ones_own_value_is_renewed_until_a_person_changes_it(lora: Path) -> None:
    written(lora)
    assert written(lora, Recommended("dress", 0.5, 0.5, 0.5, 1))[0]["preferred weight"] == 0.5
    edited = json.loads(lora.with_suffix(".json").read_text()) | {"preferred weight": 0.7}
    lora.with_suffix(".json").write_text(json.dumps(edited))
    assert written(lora)[0]["preferred weight"] == 0.7


@pytest.mark.parametrize("text", ["{", "[]", '"x"'])
@pytest.mark.parametrize("suffix", [".json", ".metadata.json"])
def test_a_file_that_is_no_object_is_named_and_nothing_is_written(lora: Path, text: str, suffix: str) -> None:
    lora.with_suffix(suffix).write_text(text)
    with pytest.raises(InputError, match="nothing was written"):
        sidecars_of(lora, FOUND)
    assert lora.with_suffix(suffix).read_text() == text


def test_tips_that_do_not_read_stay(lora: Path) -> None:
    lora.with_suffix(".metadata.json").write_text('{"usage_tips": "best at night"}')
    assert written(lora)[1]["usage_tips"] == "best at night"


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.dictionaries(st.sampled_from(["preferred weight", "notes", OWN, "x"]), st.one_of(st.none(), st.text(), st.floats(0.1, 2)))
)
def test_no_key_of_anybody_else_is_ever_lost(lora: Path, record: dict[str, Any]) -> None:
    lora.with_suffix(".json").write_text(json.dumps(record))
    a1111, _ = written(lora)
    assert {k: v for k, v in a1111.items() if k not in ("preferred weight", "huanhua")} == {
        k: v for k, v in record.items() if k not in ("preferred weight", "huanhua")
    }
    if record.get("preferred weight"):
        assert a1111["preferred weight"] == record["preferred weight"]


def test_no_range_is_put_beside_a_strength_that_is_somebody_else_s(lora: Path) -> None:
    lora.with_suffix(".metadata.json").write_text('{"usage_tips": "{\\"strength\\": 0.9}"}')
    assert json.loads(written(lora)[1]["usage_tips"]) == {"strength": 0.9}


def test_one_seed_gives_no_range(lora: Path) -> None:
    assert json.loads(written(lora, Recommended("dress", 0.6, 0.6, 0.6, 1))[1]["usage_tips"]) == {"strength": 0.6}


def test_a_file_in_which_nothing_may_be_written_stays_as_it_is(lora: Path) -> None:
    path = lora.with_suffix(".json")
    path.write_text('{"preferred weight":0.9}')
    written(lora)
    assert path.read_text() == '{"preferred weight":0.9}'


def test_a_link_stays_a_link_and_nan_is_no_weight(lora: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.json").write_text('{"preferred weight": NaN}')
    lora.with_suffix(".json").symlink_to(tmp_path / "elsewhere.json")
    assert written(lora)[0]["preferred weight"] == 0.65
    assert lora.with_suffix(".json").is_symlink()


def test_the_manager_is_told_the_base_by_its_own_name(lora: Path) -> None:
    stem = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k"
    save_file({f"{stem}.lora_up.weight": torch.zeros(320, 2), f"{stem}.lora_down.weight": torch.zeros(2, 768)}, lora)
    assert written(lora)[1]["base_model"] == "SD 1.5"
