"""The user's own ComfyUI workflow with the found weights, seed and texts: for the API, and for the page where it is known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optimizer.point import file_key
from optimizer.render.remote.comfyui.reading.file import read_page_workflow
from optimizer.render.remote.comfyui.workflow import Settings, Workflow, open_workflow
from studies.backends.remote import study_loras
from studies.drawing.comfyui import ComfyuiDraw
from studies.export.infotext import fixed_weights
from studies.export.page_graph import with_inputs

if TYPE_CHECKING:
    from optimizer.point import Job, Point
    from optimizer.render.remote.comfyui.reading.matching import WeightedSlot
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
    found = workflow.loras(study_loras(spec, study.root))
    settings = Settings(
        seed=job.seed,
        prompt=point.prompt or spec.prompt,
        negative_prompt=spec.negative_prompt,
        steps=point.steps or (spec.render.steps if slots.steps else None),
        cfg=point.cfg if slots.cfg else None,
        sampler=point.sampler or (spec.render.sampler if slots.sampler else None),
        weights={**dict.fromkeys(spec.loras, 0.0), **point.weights, **fixed_weights(study)},
        files={name: _server_name(study, draw, found[name][0], name, point) for name in spec.loras},
    )
    return workflow.filled(settings, found)


def _server_name(study: Study, draw: ComfyuiDraw, weighted: WeightedSlot, name: str, point: Point) -> str:
    """Of the file that draws a LoRA: one of several in the folder of that which the workflow loads, unless the study names it."""
    given = draw.loras.get(file_key(name, point.files.get(name, "")))
    file = Path(study.spec.file_at(name, point)).name
    folder = re.match(r".*[\\/]|", weighted.slot.file) if name in study.space.files else None
    return given or f"{folder[0] if folder else ''}{file}"


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Node, input and new value of every input that differs."""
    for node, entry in after.items():
        old = before[node].get("inputs", {})
        for name, value in entry.get("inputs", {}).items():
            if value != old.get(name):
                yield node, name, value
