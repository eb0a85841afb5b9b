"""What a workflow itself sets: a study that leaves a setting out takes the workflow's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from optimizer.render.remote.comfyui.reading.graph import Graph
from optimizer.render.remote.comfyui.reading.size import size_of
from optimizer.render.remote.comfyui.reading.slots import Slots
from optimizer.render.remote.comfyui.reading.values import number, place, text, whole

MODELS: Final = ("ckpt_name", "unet_name", "model_path", "base_ckpt_name", "diffusion_name", "model_name")


@dataclass(frozen=True)
class OwnSettings:
    """Each is None where the workflow has none or computes it."""

    prompt: str | None
    negative_prompt: str | None
    seed: int | None
    steps: int | None
    cfg: float | None
    sampler: str | None
    """ComfyUI's sampler_name and scheduler with a space between, or sampler_name alone."""
    size: tuple[int, int] | None
    """Width and height of the judged image in pixels."""
    checkpoint: str | None
    """Name of the base's file, as the workflow has it."""
    loras: Mapping[str, float | None]
    """Strengths by the names of the files, of the LoRAs that a sampler reads; None where computed."""


def own_settings(graph: Graph, slots: Slots) -> OwnSettings:
    """What the slots hold in the file."""
    sampler, scheduler = (text(graph, next(iter(places), None)) for places in (slots.sampler, slots.scheduler))
    return OwnSettings(
        prompt=text(graph, next(iter(slots.positive), None)),
        negative_prompt=text(graph, next(iter(slots.negative), None)),
        seed=whole(graph, next(iter(slots.seed), None)),
        steps=whole(graph, next(iter(slots.steps), None)),
        cfg=number(graph, next(iter(slots.cfg), None)),
        sampler=sampler and (f"{sampler} {scheduler}" if scheduler else sampler),
        size=size_of(graph, slots.image),
        checkpoint=_checkpoint(graph, slots),
        loras={slot.file: number(graph, slot.model) for slot in slots.loras if slot.active},
    )


def _checkpoint(graph: Graph, slots: Slots) -> str | None:
    """Of the loader that is nearest to the first sampler by its model."""
    upstream = graph.upstream(slots.sampling[0].node.id)
    for node in graph.nodes.values():
        found = place(node, *MODELS) if node.id in upstream else None
        # Others that load by such a name read a model or an image, as upscalers do.
        if found is not None and not list(node.links()) and "control" not in node.kind.lower():
            return text(graph, found)
    return None
