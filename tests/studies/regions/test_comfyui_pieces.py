"""A pick found in regions as ComfyUI's masked conditionings: read as comfy/samplers.py does, they are the rows drawn here."""

from __future__ import annotations

import io
import json
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image
from torch.nn.functional import interpolate

from optimizer.point import Point
from optimizer.regions.regions import Regions
from optimizer.regions.rows import rows_of
from optimizer.schedules.schedule import Schedule
from studies.export.comfyui import comfyui_graph
from studies.export.export import export_to
from studies.local_models import LocalModels
from studies.regions.at_point import regions_at
from studies.regions.comfyui_pieces import CELL, mask_png, merged_share, pieces_of
from studies.testing.fake_study import FakeWorld, opened_on
from tests.studies.export.test_comfyui import check_api, check_ui, of_kind
from tests.studies.export.test_export import outcome_at
from tests.studies.regions.test_figures_of_a_study import SIZE as TWO
from tests.studies.regions.test_figures_of_a_study import TwoPeople, written
from tests.studies.regions.test_figures_of_a_study import painted as two_painted
from tests.studies.regions.test_regions_of_a_study import FakeParser, regional
from tests.studies.schedules.test_comfyui_hooks import study_of

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
POINT = Point({"face": 0.6, "dress": 0.4, "shoes": 0.0}, 6.5)
FINEST = 0.51 / 1020


def as_comfyui_reads(png: bytes, cells: tuple[int, int]) -> NDArray[np.float32]:
    """ "Load Image (as Mask)", brought to the size of latents by `resolve_areas_and_cond_masks_multidim`."""
    with Image.open(io.BytesIO(png)) as opened:
        pixels = np.asarray(opened.convert("RGBA").getchannel("R")).astype(np.float32) / 255
    found: NDArray[np.float32] = interpolate(torch.from_numpy(pixels)[None, None], size=cells, mode="bilinear")[0, 0].numpy()
    return found


def told(api: dict[str, Any], node: str, side: str) -> list[tuple[str, frozenset[str], str]]:
    """Of a conditioning: mask, hooked LoRAs and text of each piece, from the first on."""
    kind, inputs = api[node]["class_type"], api[node]["inputs"]
    if kind == "CLIPTextEncode":
        clip = api[inputs["clip"][0]]
        hooks = hooked(api, clip["inputs"]["hooks"][0]) if clip["class_type"] == "SetClipHooks" else frozenset()
        return [("", hooks, inputs["text"])]
    before = told(api, inputs[side][0], side) if kind.endswith("AndCombine") else []
    ((_, hooks, text),) = told(api, inputs[f"{side}_NEW"][0], side)
    return [*before, (api[inputs["mask"][0]]["inputs"]["image"], hooks, text)]


def hooked(api: dict[str, Any], node: str) -> frozenset[str]:
    inputs = api[node]["inputs"]
    if "lora_name" in inputs:
        return frozenset({Path(inputs["lora_name"]).stem})
    return frozenset[str]().union(*(hooked(api, link[0]) for name, link in inputs.items() if name.startswith("hooks")))


def read(api: dict[str, Any], side: str) -> list[tuple[str, frozenset[str], str]]:
    (sampler,) = of_kind(api, "KSampler")
    return told(api, sampler[side][0], side)


@given(arrays(np.float32, (3, 2), elements=st.floats(0, 1, width=32)))
@settings(max_examples=50)
def test_a_mask_tells_a_share_to_half_a_quarter_of_a_level(share: NDArray[np.float32]) -> None:
    found = as_comfyui_reads(mask_png(share), (3, 2))
    assert np.abs(found - share).max() <= FINEST
    assert np.abs(found - as_means(mask_png(share))).max() < 1e-6, "so do programs that take means"


def as_means(png: bytes) -> NDArray[np.float64]:
    with Image.open(io.BytesIO(png)) as opened:
        pixels = np.asarray(opened) / 255
    height, width = pixels.shape
    found: NDArray[np.float64] = pixels.reshape(height // CELL, CELL, width // CELL, CELL).mean(axis=(1, 3))
    return found


def test_each_piece_has_a_mask_the_hooks_that_act_there_and_the_prompt(tmp_path: Path, parser: FakeParser) -> None:
    study = regional(tmp_path, face="auto", dress={"box": [0.1, 0.2, 0.9, 0.7]})
    graph = comfyui_graph(study, outcome_at(7, POINT))
    api = graph.api()
    check_api(api)
    check_ui(graph.ui())
    rows = rows_of(POINT.weights, regions_at(study, 7, POINT), (12, 8))
    assert len(rows) == 4, "the head, the clothes, both, neither"
    for side, text in (("positive", study.spec.prompt), ("negative", study.spec.negative_prompt)):
        pieces = read(api, side)
        assert [hooks for _, hooks, _ in pieces] == [frozenset(row.weights) - {"shoes"} for row in rows]
        assert {words for _, _, words in pieces} == {text}
        for (mask, _, _), row in zip(pieces, rows, strict=True):
            assert row.share is not None
            assert np.abs(as_comfyui_reads(graph.pictures[mask], (12, 8)) - row.share).max() <= FINEST
    assert not of_kind(api, "LoraLoader")
    assert {node["schedule_clip"] for node in of_kind(api, "SetClipHooks")} == {False}
    assert {node["strength"] for node in of_kind(api, "PairConditioningSetProperties")} == {1.0}


def test_no_node_of_the_page_lies_over_another(tmp_path: Path, parser: FakeParser) -> None:
    study = regional(tmp_path, face="auto", dress={"box": [0.1, 0.2, 0.9, 0.7]})
    nodes = comfyui_graph(study, outcome_at(7, POINT)).ui()["nodes"]
    boxes = [(*node["pos"], node["pos"][0] + node["size"][0], node["pos"][1] + node["size"][1]) for node in nodes]
    for one, other in combinations(boxes, 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def test_masks_lie_beside_the_graph_under_names_that_tell_their_content(tmp_path: Path, parser: FakeParser) -> None:
    done = export_to(regional(tmp_path / "one", face="auto"), outcome_at(7, POINT), "comfyui")
    ui, api, *masks = done.paths
    assert [path.name for path in (ui, api)] == ["seed-7.comfyui.json", "seed-7.comfyui-api.json"]
    named = {node["image"] for node in of_kind(json.loads(api.read_text()), "LoadImageMask")}
    assert named == {path.name for path in masks}
    assert all(name.startswith("fake-seed-7-mask-") for name in named)
    (line,) = (note for note in done.notes if "folder input" in note)
    assert all(name in line for name in named)
    assert [told in line for told in (".png (-),", ".png (face) into")] == [True, True]
    other = export_to(regional(tmp_path / "other", face={"box": [0, 0, 1, 0.4]}), outcome_at(7, POINT), "comfyui")
    assert not {path.name for path in other.paths[2:]} & named


def test_where_all_that_is_on_acts_everywhere_there_is_no_mask(tmp_path: Path, parser: FakeParser) -> None:
    study = regional(tmp_path, shoes="auto")
    graph = comfyui_graph(study, outcome_at(7, POINT))
    assert graph.pictures == {}
    assert len(of_kind(graph.api(), "LoraLoader")) == 2
    assert not [node for node in graph.nodes if "Hook" in node.kind]


def test_people_read_their_own_words_in_their_places(tmp_path: Path, two: TwoPeople) -> None:
    words = {"anna": "pink dress, testdress", "bea": "blue dress, myshoes"}
    study = opened_on(written(tmp_path, words), FakeWorld(TWO, two_painted))
    point = Point({"face": 0.6, "dress": 0.4, "shoes": 0.5}, 5.0)
    graph = comfyui_graph(study, outcome_at(7, point))
    check_api(graph.api())
    prompt = study.spec.prompt
    assert {(hooks, text) for _, hooks, text in read(graph.api(), "positive")} == {
        (frozenset({"face", "dress"}), f"{prompt}, pink dress, testdress"),
        (frozenset({"shoes"}), f"{prompt}, blue dress, myshoes"),
    }
    assert {text for _, _, text in read(graph.api(), "negative")} == {study.spec.negative_prompt}
    without = comfyui_graph(study, outcome_at(7, Point({"face": 0.6, "dress": 0.4, "shoes": 0.0}, 5.0)))
    texts = {text for _, _, text in read(without.api(), "positive")}
    assert f"{prompt}, blue dress" in texts, "a trigger word is read while its LoRA is on"


def test_schedules_hold_in_each_piece(tmp_path: Path) -> None:
    lora = {"kind": "clothing", "references": "dress", "region": {"box": [0.1, 0.2, 0.9, 0.7]}}
    loras = {
        "dress": {"file": "dress.safetensors", **lora},
        "shoes": {"file": "shoes.safetensors", "kind": "shoes", "references": "shoes"},
        "detail": {"file": "detail.safetensors", "kind": "other", "fixed": 0.5},
    }
    study = study_of(tmp_path, loras=loras)
    point = Point({"dress": 0.4, "shoes": 0.6}, 6.5, schedules={"dress": Schedule(0.25, 0.5), "shoes": Schedule(0.5, 1)})
    graph = comfyui_graph(study, outcome_at(7, point))
    api = graph.api()
    check_api(api)
    check_ui(graph.ui())
    assert [hooks for _, hooks, _ in read(api, "positive")] == [frozenset({"shoes"}), frozenset({"dress", "shoes"})]
    assert {node["schedule_clip"] for node in of_kind(api, "SetClipHooks")} == {True}
    assert [node["lora_name"] for node in of_kind(api, "LoraLoader")] == ["detail.safetensors"]
    assert len(of_kind(api, "CreateHookLora")) == 2, "one for all pieces"


def test_what_merged_pieces_cost_is_nothing_but_for_the_smallest() -> None:
    left, dot = np.zeros((96, 64), np.bool_), np.zeros((96, 64), np.bool_)
    left[:, :32], dot[42:45, 10:13] = True, True
    weights, schedules = {"dress": 0.4, "shoes": 0.6}, {"dress": Schedule(0.5, 1)}
    for shoes, least, most in ((~left, 0.0, 0.0), (~left | dot, 0.02, 0.05)):
        regions = Regions({"dress": left, "shoes": shoes})
        rows = rows_of(weights, regions, (12, 8))
        assert least <= merged_share(rows, weights, schedules, regions, (12, 8)) <= most
        assert merged_share(rows, weights, {}, regions, (12, 8)) == 0


def test_one_piece_needs_no_mask() -> None:
    pieces, masks = pieces_of(rows_of({"dress": 0.4}, None, (12, 8)), "x")
    assert [(piece.loras, piece.mask) for piece in pieces] == [(frozenset({"dress"}), "")]
    assert masks == {}


@pytest.fixture
def parser(monkeypatch: pytest.MonkeyPatch) -> FakeParser:
    found = FakeParser()
    monkeypatch.setattr(LocalModels, "parser", property(lambda self: found))
    return found


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> TwoPeople:
    found = TwoPeople()
    monkeypatch.setattr(LocalModels, "parser", property(lambda self: found))
    return found
