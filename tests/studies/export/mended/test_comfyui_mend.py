"""The graph of a mend, carried out node by node as ComfyUI does, gives the mended picture; what is drawn is a fake's."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from optimizer.render.inpainting.img2img_steps import steps_of_strength
from optimizer.schedules.schedule import Schedule
from studies.export.export import export_to
from studies.pipeline import pick_trial
from studies.run.outcome import Outcome
from studies.schedules.comfyui_hooks import start_percents
from studies.study import Study
from studies.testing.fake_backend import FakeBackend, facts_of
from tests.studies.export.test_comfyui import check_api, check_ui, of_kind
from tests.studies.mending.test_mending import SEED, WHOLE, World, mended, outcome_of, searched, tracker
from tests.studies.schedules.test_comfyui_hooks import BASE

__all__ = ["tracker"]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")


@pytest.fixture
def world() -> World:
    return World((64, 96))


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: World, tracker: Any) -> Study:
    return searched(tmp_path / "study", monkeypatch, world)


def picked(study: Study) -> Outcome:
    record = outcome_of(study).shown
    assert record is not None
    pick_trial(study, SEED, record.number)
    return mended(study)


def graph_of(study: Study, outcome: Outcome) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The mend's graph in the API's form, and the pictures beside it."""
    paths = {path.name: path for path in export_to(study, outcome, "comfyui").paths}
    check_ui(json.loads(paths["seed-7-mended.comfyui.json"].read_text("utf-8")))
    api = json.loads(paths["seed-7-mended.comfyui-api.json"].read_text("utf-8"))
    check_api(api)
    return api, {name: path.read_bytes() for name, path in paths.items() if path.suffix == ".png"}


def picture(png: bytes) -> NDArray[np.float32]:
    with Image.open(io.BytesIO(png)) as opened:
        return np.asarray(opened.convert("RGB")).astype(np.float32) / np.float32(255)


def levels(values: NDArray[np.float32]) -> Image.Image:
    """As ComfyUI stores and scales pictures: cut off to whole levels."""
    return Image.fromarray(np.clip(255 * values, 0, 255).astype(np.uint8))


def carried_out(api: Mapping[str, Any], pictures: Mapping[str, bytes], node: str) -> NDArray[np.float32]:
    kind, inputs = api[node]["class_type"], api[node]["inputs"]

    def of(name: str) -> NDArray[np.float32]:
        return carried_out(api, pictures, inputs[name][0])

    match kind:
        case "LoadImage" | "LoadImageMask":
            found = picture(pictures[inputs["image"]])
            return found if kind == "LoadImage" else found[..., :1]
        case "ImageCrop":
            x, y = inputs["x"], inputs["y"]
            return of("image")[y : y + inputs["height"], x : x + inputs["width"]]
        case "ImageScale":
            assert (inputs["upscale_method"], inputs["crop"]) == ("lanczos", "disabled")
            scaled = levels(of("image")).resize((inputs["width"], inputs["height"]), Image.Resampling.LANCZOS)
            return np.asarray(scaled).astype(np.float32) / np.float32(255)
        case "VAEDecode":
            return np.broadcast_to(np.array(WHOLE, np.float32) / np.float32(255), (96, 64, 3))
        case "ImageCompositeMasked":
            under, over, mask = of("destination").copy(), of("source"), of("mask")
            (height, width), x, y = over.shape[:2], inputs["x"], inputs["y"]
            assert mask.shape[:2] == (height, width)
            at = slice(y, y + height), slice(x, x + width)
            under[at] = mask * over + (1 - mask) * under[at]
            return under
    raise AssertionError(kind)


def test_carried_out_it_is_the_mended_picture(study: Study) -> None:
    found = picked(study)
    api, pictures = graph_of(study, found)
    (saved,) = of_kind(api, "SaveImage")
    result = np.asarray(levels(carried_out(api, pictures, saved["images"][0]))).astype(int)
    assert found.mended is not None
    assert found.shown is not None
    with Image.open(found.mended.image) as opened, Image.open(found.shown.image) as drawn:
        kept, before = np.asarray(opened.convert("RGB")).astype(int), np.asarray(drawn.convert("RGB")).astype(int)
    assert np.abs(result - kept).max() <= 1, "the feathered edge is cut off there and rounded here"
    outside = (kept == before).all(axis=2)
    assert (result == before)[outside].all()
    assert (result != before).any()


def test_what_is_drawn_again_is_what_the_mend_drew(study: Study, world: World) -> None:
    world.colours = ((40, 0, 255), WHOLE)
    found = picked(study)
    assert found.mended is not None
    (redrawn,) = found.mended.redrawn
    api, pictures = graph_of(study, found)
    (sampler,) = of_kind(api, "KSamplerAdvanced")
    laid, first = steps_of_strength(redrawn.strength, study.spec.render.steps, "a1111")
    assert (sampler["noise_seed"], sampler["steps"], sampler["start_at_step"]) == (redrawn.seed, laid, first)
    assert (sampler["add_noise"], sampler["return_with_leftover_noise"]) == ("enable", "disable")
    (masked,) = of_kind(api, "SetLatentNoiseMask")
    assert api[sampler["latent_image"][0]]["class_type"] == "SetLatentNoiseMask"
    cells = picture(pictures[api[masked["mask"][0]]["inputs"]["image"]])[4::8, 4::8, 0]
    shares = world.asked[-1].mask.reshape(12, 8, 8, 8).mean(axis=(1, 3))
    assert (cells == (shares >= 0.5)).all()
    assert 0 < cells.sum() < cells.size
    loras = {node["lora_name"]: node["strength_model"] for node in of_kind(api, "LoraLoader")}
    assert found.pick is not None
    assert loras == {f"{name}.safetensors": weight for name, weight in found.pick.point.weights.items() if weight}


def test_a_study_drawn_as_comfyui_draws_has_its_denoise(study: Study) -> None:
    found = picked(study)
    spec = study.spec
    study.spec = spec.model_copy(update={"render": spec.render.model_copy(update={"like": "comfyui"})})
    api, _ = graph_of(study, found)
    (sampler,) = of_kind(api, "KSampler")
    assert found.mended is not None
    assert (sampler["denoise"], sampler["seed"]) == (found.mended.redrawn[0].strength, found.mended.redrawn[0].seed)


def test_the_keyframes_of_a_schedule_are_those_of_the_steps_that_a_redrawing_lays(study: Study) -> None:
    found = picked(study)
    spec = study.spec
    study.spec = spec.model_copy(update={"render": spec.render.model_copy(update={"like": "comfyui"})})
    assert found.pick is not None
    assert found.mended is not None
    assert found.shown is not None
    point = replace(found.pick.point, schedules={"dress": Schedule(0.75, 1)})
    judged = replace(found.pick, point=point)
    record = replace(found.shown, judged=judged)
    trials = tuple(record if one.number == record.number else one for one in found.trials)
    scheduled = replace(found, pick=judged, trials=trials)
    study = study.on(FakeBackend(facts=facts_of(spec.loras, replace(study.base_facts, schedule=BASE))))
    api, _ = graph_of(study, scheduled)
    laid, _ = steps_of_strength(found.mended.redrawn[0].strength, spec.render.steps, "comfyui")
    assert laid > spec.render.steps
    percents = start_percents(spec.render.sampler, laid, BASE)
    frames = [node["start_percent"] for node in of_kind(api, "CreateHookKeyframe")]
    assert frames == [0.0, percents[math.ceil(0.75 * laid)]]


def test_it_is_said_what_the_second_graph_is(study: Study) -> None:
    done = export_to(study, picked(study), "comfyui")
    (line,) = (note for note in done.notes if note.startswith("seed-7-mended.comfyui.json"))
    assert "the hands of the pick's picture drawn again" in line
    assert not any("draws it as it was" in note for note in done.notes)
    pictures = [path.name for path in done.paths if path.suffix == ".png"]
    assert len(pictures) == 3
    assert "Put the 3 pictures whose names begin with fake-seed-7-mended into" in line
    assert all(name.startswith("fake-seed-7-mended-") for name in pictures)


def test_a_pick_that_was_not_mended_has_one_graph(study: Study) -> None:
    record = outcome_of(study).shown
    assert record is not None
    pick_trial(study, SEED, record.number)
    assert len(export_to(study, outcome_of(study), "comfyui").paths) == 2
