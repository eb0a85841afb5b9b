"""A pick whose LoRAs act in some of the steps, as ComfyUI's hooks; nodes and inputs are those of comfy_extras/nodes_hooks.py."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.base.family import CONFIGS
from models.errors import InputError
from optimizer.point import Point
from optimizer.render.sampling.comfyui_sampling import ABSENT
from optimizer.render.sampling.samplers import SAMPLERS, steps_of_calls
from optimizer.render.sampling.schedulers import make_scheduler
from optimizer.schedules.schedule import Schedule
from studies.export.comfyui import comfyui_graph
from studies.export.export import export_to
from studies.schedules.comfyui_hooks import REACHING_AHEAD, start_percents
from studies.study import Study
from studies.testing.fake_backend import FakeBackend, facts_of
from tests.studies.export.test_comfyui import of_kind, study_at
from tests.studies.export.test_export import outcome_at

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
BASE: dict[str, Any] = json.loads((CONFIGS / "sd15" / "scheduler" / "scheduler_config.json").read_text())
POINT = Point({"dress": 0.4, "shoes": 0.6}, 6.5, schedules={"dress": Schedule(0.25, 0.5), "shoes": Schedule(0.5, 1)})


def study_of(folder: Path, **changes: Any) -> Study:
    """With the betas of SD1.5, as an opened base has them."""
    study = study_at(folder, **changes)
    facts = facts_of(study.spec.loras, replace(study.base_facts, schedule={**BASE, **study.base_facts.schedule}))
    return study.on(FakeBackend(facts=facts))


def test_loras_in_some_of_the_steps_are_hooks_and_the_others_are_not(tmp_path: Path) -> None:
    study = study_of(tmp_path)
    graph = comfyui_graph(study, outcome_at(7, POINT))
    api = graph.api()
    assert [node["lora_name"] for node in of_kind(api, "LoraLoader")] == ["add_detail.safetensors"]
    hooks = [(node["lora_name"], node["strength_model"], node["strength_clip"]) for node in of_kind(api, "CreateHookLora")]
    assert hooks == [("连衣裙.safetensors", 0.4, 0.4), ("shoes.safetensors", 0.6, 0.6)]
    percents = start_percents("DPM++ SDE Karras", 30, BASE)
    frames = [(node["strength_mult"], node["start_percent"]) for node in of_kind(api, "CreateHookKeyframe")]
    assert frames == [(0.0, 0.0), (1.0, percents[8]), (0.0, percents[15]), (0.0, 0.0), (1.0, percents[15])]
    (clip,) = of_kind(api, "SetClipHooks")
    assert (clip["apply_to_conds"], clip["schedule_clip"]) == (True, True)
    assert {api[node["clip"][0]]["class_type"] for node in of_kind(api, "CLIPTextEncode")} == {"SetClipHooks"}
    (both,) = of_kind(api, "CombineHooks2")
    assert [api[both[side][0]]["class_type"] for side in ("hooks_A", "hooks_B")] == ["SetHookKeyframes"] * 2
    assert any("these hold for 30 steps of this sampler alone" in note for note in graph.paragraphs)
    assert export_to(study, outcome_at(7, POINT), "comfyui").paths


def test_without_schedules_there_is_no_hook(tmp_path: Path) -> None:
    plain, whole = (
        comfyui_graph(study_of(tmp_path), outcome_at(7, replace(POINT, schedules=schedules)))
        for schedules in ({}, {"dress": Schedule()})
    )
    assert plain.api() == whole.api()
    assert not [node for node in plain.nodes if "Hook" in node.kind]


def test_a_sampler_that_looks_ahead_within_a_step_is_refused(tmp_path: Path) -> None:
    render = {"width": 512, "height": 768, "steps": 30, "sampler": "Heun", "rng": "cpu"}
    with pytest.raises(InputError, match="ComfyUI's hooks cannot part the steps of Heun"):
        export_to(study_of(tmp_path, render=render), outcome_at(7, POINT), "comfyui")


@pytest.mark.parametrize("sampler", sorted({*SAMPLERS} - {*ABSENT}))
@pytest.mark.parametrize("steps", [2, 7, 30])
def test_a_keyframe_begins_between_the_calls_that_it_parts(sampler: str, steps: int) -> None:
    if sampler.removesuffix(" Karras").removesuffix(" Exponential") in REACHING_AHEAD:
        with pytest.raises(InputError, match="ComfyUI's hooks cannot part the steps of"):
            start_percents(sampler, steps, BASE)
        return
    percents = start_percents(sampler, steps, BASE)
    scheduler = make_scheduler(sampler, BASE, [0], "comfyui")
    scheduler.set_timesteps(steps)
    times = scheduler.timesteps.tolist()
    of = steps_of_calls(sampler, len(times))
    assert len(percents) == of[-1] + 1
    for step, percent in enumerate(percents):
        # percent_to_sigma: 999 time steps lie between 0 and 1. Those that the UNet is told are whole numbers here.
        at = (1 - percent) * 999
        assert all(time <= at + 0.5 for call, time in enumerate(times) if of[call] >= step)
        assert all(time >= at - 0.5 for call, time in enumerate(times) if of[call] < step)
