"""The `draw` section of a study in which one LoRA is another file: what the server calls it, and which node loads it."""

from __future__ import annotations

from pathlib import PurePosixPath

from models.errors import InputError
from models.language.translate import phrase
from studies.backends.remote import study_loras
from studies.derive.study_yaml import section, with_values
from studies.drawing.comfyui import ComfyuiDraw
from studies.drawing.section import ServerDraw
from studies.study import Study


def with_server_lora(text: str, study: Study, name: str, file_name: str) -> str:
    """The study file's text, drawn with another LoRA as `name`: `file_name` in the folder in which the server has the old one.

    In a workflow, the node that loads the old one is named to load the new one. Raises InputError if several nodes do.
    """
    draw = study.spec.draw
    if not isinstance(draw, ServerDraw):
        return text
    if name in draw.loras:
        there = PurePosixPath(draw.loras[name].replace("\\", "/")).with_name(file_name)
        text = with_values(text, ("draw", "loras"), {name: str(there)})
    key = f"loras.{name}"
    if isinstance(draw, ComfyuiDraw) and key not in draw.nodes:
        if "nodes" not in section(text, ("draw",)):
            text = with_values(text, ("draw",), {"nodes": {}})
        text = with_values(text, ("draw", "nodes"), {key: _node(study, draw, name)})
    return text


def _node(study: Study, draw: ComfyuiDraw, name: str) -> str:
    """The node that loads the LoRA, with its input where it loads several."""
    from optimizer.render.remote.comfyui.workflow import open_workflow

    place = study.path(draw.workflow)
    workflow = open_workflow(place, draw.nodes)
    slots = [weighted.slot for weighted in workflow.loras(study_loras(study.spec, study.root))[name]]
    if len(slots) > 1:
        nodes = ", ".join(slot.node.label for slot in slots)
        raise InputError(
            phrase("{count} nodes load {name} ({nodes})", count=len(slots), name=name, nodes=nodes),
            place,
            "save a workflow that loads the new LoRA, and init from it",
        )
    (slot,) = slots
    alone = sum(other.node.id == slot.node.id for other in workflow.slots.loras) == 1
    return slot.node.id if alone else f"{slot.node.id}.{slot.name.keys[0]}"
