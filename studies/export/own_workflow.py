"""The user's own ComfyUI workflow with the found weights, seed and texts: for the API, and for the page where it is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optimizer.render.remote.comfyui.reading.file import read_page_workflow
from optimizer.render.remote.comfyui.workflow import Settings, Workflow, open_workflow
from studies.backends.remote import study_loras
from studies.drawing.comfyui import ComfyuiDraw
from studies.export.infotext import fixed_weights
from studies.export.page_graph import with_inputs

if TYPE_CHECKING:
    from optimizer.point import Job
    from studies.study import Study


def own_workflow(study: Study, job: Job) -> tuple[dict[str, Any], Any, list[str]]:
    """The graph for the API that draws `job`; the page's graph of it, None where the file has none; and what of the settings the
    page's graph could not be given.

    Raises InputError if the workflow no longer fits the study.
    """
    draw = study.spec.draw
    assert isinstance(draw, ComfyuiDraw)
    place = study.path(draw.workflow)
    workflow = open_workflow(place, draw.nodes)
    filled = _filled(study, draw, workflow, job)
    page = read_page_workflow(place)
    if page is None:
        return filled, None, []
    drawn, left = with_inputs(page, workflow.raw, _changes(workflow.raw, filled))
    return filled, drawn, left


def _filled(study: Study, draw: ComfyuiDraw, workflow: Workflow, job: Job) -> dict[str, Any]:
    spec, point, slots = study.spec, job.point, workflow.slots
    loras = study_loras(spec.loras, study.root, draw.loras)
    settings = Settings(
        seed=job.seed,
        prompt=point.prompt or spec.prompt,
        negative_prompt=spec.negative_prompt,
        steps=point.steps or (spec.render.steps if slots.steps else None),
        cfg=point.cfg if slots.cfg else None,
        sampler=point.sampler or (spec.render.sampler if slots.sampler else None),
        weights={**dict.fromkeys(spec.loras, 0.0), **point.weights, **fixed_weights(study)},
        files={name: draw.loras.get(name) or Path(lora.file).name for name, lora in spec.loras.items()},
    )
    return workflow.filled(settings, workflow.loras(loras))


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Node, input and new value of every input that differs."""
    for node, entry in after.items():
        old = before[node].get("inputs", {})
        for name, value in entry.get("inputs", {}).items():
            if value != old.get(name):
                yield node, name, value
