"""Damaged and hostile workflows: read, or refused in one line, never a traceback."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.errors import InputError
from optimizer.render.remote.comfyui.workflow import Settings, workflow_from
from optimizer.render.remote.server_lora import StudyLora
from optimizer.testing.fake_server import workflows
from optimizer.testing.fake_server.workflows import Nodes

STUDY = [StudyLora("dress", Path("loras/dress.safetensors")), StudyLora("shoes", Path("loras/shoes.safetensors"))]
ODD: list[Any] = [None, True, -1, 1e308, "", "x" * 3000, [], {}, ["5", 0], ["5"], ["99", 0], [5, 0], ["1", "0"], {"lora": 3}, "7"]


def damaged(nodes: Nodes, dice: random.Random) -> Any:
    """One to three faults of any kind."""
    raw: Any = copy.deepcopy(nodes)
    for _ in range(dice.randint(1, 3)):
        id_ = dice.choice(list(raw))
        entry = raw[id_]
        kind = dice.randrange(6)
        if kind == 0:
            del raw[id_]
        elif kind == 1:
            raw[id_] = dice.choice(ODD)
        elif isinstance(entry, dict) and isinstance(entry.get("inputs"), dict) and entry["inputs"]:
            name = dice.choice(list(entry["inputs"]))
            if kind == 2:
                del entry["inputs"][name]
            elif kind == 3:
                entry["class_type"] = dice.choice([*ODD, "Reroute", "KSampler", "ConditioningZeroOut"])
            else:
                entry["inputs"][name] = dice.choice([*ODD, [dice.choice(list(raw)), dice.randrange(3)]])
    return raw


@pytest.mark.parametrize(
    "make",
    [workflows.plain, workflows.hires, workflows.refiner, workflows.flux, workflows.z_image, workflows.controlnet],
)
def test_damaged_workflows_are_read_or_refused(make: Callable[[], Nodes]) -> None:
    dice = random.Random(make.__name__)
    lines = []
    for _ in range(400):
        raw = damaged(make(), dice)
        try:
            workflow = workflow_from(raw, "mine.json")
            loras = workflow.loras(STUDY)
            workflow.digest(loras)
            filled = workflow.filled(
                Settings(seed=1, prompt="new", steps=9, cfg=3.0, weights={"dress": 0.1, "shoes": 0.2}), loras
            )
            assert filled.keys() == raw.keys()
        except InputError as error:
            lines.append(str(error))
    assert 20 < len(lines) < 400
    assert not [line for line in lines if "\n" in line]
