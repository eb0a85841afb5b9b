"""Whole studies through a real ComfyUI, in workflows of every shape, with tiny random models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from optimizer.testing.fake_server import workflows
from optimizer.testing.fake_server.workflows import Nodes
from studies.pipeline import run_study
from studies.testing.served_study import LORAS, ServedStudy
from studies.tracking.memory import MemoryTracker
from tests.optimizer.render.remote.comfyui.real_comfyui import RealComfyUI, marked, needs_comfyui, real_comfyui, tiny

pytestmark = [pytest.mark.slow, needs_comfyui]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealComfyUI]:
    with real_comfyui(tmp_path_factory.mktemp("comfyui")) as running:
        yield running


@pytest.mark.parametrize(
    "make",
    [workflows.controlnet, workflows.hires, workflows.refiner, workflows.flux, workflows.z_image],
)
def test_a_study_runs_to_its_pick(server: RealComfyUI, tmp_path: Path, make: Callable[[], Nodes]) -> None:
    served = ServedStudy(tmp_path / "study")
    loras = {name: {**entry, "file": str(server.folder / "models/loras" / entry["file"])} for name, entry in LORAS.items()}
    search = {"require": {"dress": 0.4, "shoes": 0.4}, "robustness": 0}
    draw = {"with": "comfyui", "url": server.url, "workflow": "mine_api.json"}
    served.write(draw, workflow=marked(tiny(make())), loras=loras, search=search, prompt=None)
    study = served.open()
    try:
        (outcome,) = run_study(study, [7], trials=40, tracker=MemoryTracker())
    finally:
        served.close()
    assert outcome.pick is not None
    assert outcome.proof is not None
    assert outcome.proof.complete
    weights = outcome.pick.point.weights
    assert all(0.3 < weight < 0.6 for weight in weights.values()), weights
    assert not list((server.folder / "out").iterdir())
