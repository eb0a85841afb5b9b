"""A workflow of ComfyUI's, and what of it a study sets."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from models.errors import InputError
from models.language.translate import phrase
from optimizer.point import lora_of_key
from optimizer.render.remote.comfyui.reading.file import read_workflow
from optimizer.render.remote.comfyui.reading.graph import Graph, graph_from
from optimizer.render.remote.comfyui.reading.matching import WeightedSlot, weighted_slots
from optimizer.render.remote.comfyui.reading.own import OwnSettings, own_settings
from optimizer.render.remote.comfyui.reading.slots import Slots, slots_of
from optimizer.render.remote.comfyui.reading.values import Place, whole
from optimizer.render.remote.comfyui.sampler_names import sampler_words
from optimizer.render.remote.server_lora import StudyLora

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
DIGITS: Final = 6
"""Of a strength, after the point: weights that differ by less draw the same image (`Point.key`)."""


@dataclass(frozen=True)
class Settings:
    """What is set in a workflow. None, or a LoRA that is missing: it stays as it is."""

    seed: int | None = None
    prompt: str | None = None
    negative_prompt: str | None = None
    steps: int | None = None
    cfg: float | None = None
    sampler: str | None = None
    """One of A1111's names, or ComfyUI's sampler_name and scheduler with a space between."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """By the study's names of the LoRAs."""
    files: Mapping[str, str] = field(default_factory=dict)
    """The server's names of the LoRAs whose node the study names (`draw.nodes: {loras.NAME: ID}`), and of those of several
    files."""


@dataclass(frozen=True)
class Workflow:
    """A graph in the API's form, and its slots."""

    graph: Graph
    slots: Slots
    own: OwnSettings
    """What the file sets itself."""
    raw: Mapping[str, Any] = field(repr=False)
    """The file's JSON."""

    def loras(self, loras: Sequence[StudyLora]) -> Mapping[str, Sequence[WeightedSlot]]:
        """The slots of each LoRA of a study, by its names. Raises InputError as `weighted_slots` does."""
        return weighted_slots(self.graph, self.slots, loras)

    def filled(self, settings: Settings, loras: Mapping[str, Sequence[WeightedSlot]]) -> dict[str, Any]:
        """The user's graph with other values in its slots, all else as it was. `loras` are those of `self.loras`.

        A setting that equals the workflow's own changes nothing. Raises InputError for a setting that the workflow takes nowhere.
        """
        nodes = copy.deepcopy(dict(self.raw))
        own, slots = self.own, self.slots
        self._put(nodes, slots.seed, settings.seed, None, "seed")
        self._put(nodes, slots.positive, settings.prompt, own.prompt, "prompt")
        self._put(nodes, slots.negative, settings.negative_prompt or None, own.negative_prompt, "negative_prompt")
        if settings.negative_prompt == "" and own.negative_prompt:
            self._put(nodes, slots.negative, "", None, "negative_prompt")
        self._put(nodes, slots.cfg, settings.cfg, own.cfg, "cfg")
        if settings.steps is not None and settings.steps != own.steps:
            self._put(nodes, slots.steps, settings.steps, None, "steps")
            self._stretch(nodes, settings.steps)
        if settings.sampler is not None and settings.sampler != own.sampler:
            sampler, scheduler = sampler_words(settings.sampler)
            self._put(nodes, slots.sampler, sampler, None, "sampler")
            self._put(nodes, slots.scheduler, scheduler, None, "sampler")
        for name, weight in settings.weights.items():
            for weighted in loras[name]:
                _weigh(nodes, weighted, weight, settings.files.get(name))
        return nodes

    def _put(self, nodes: Any, places: Sequence[Place], value: Any, own: Any, what: str) -> None:
        if value is None or value == own:
            return
        if not places:
            raise InputError(
                phrase("the workflow has no place for {what}", what=what),
                self.graph.where,
                phrase("name its node: draw.nodes, or leave {what} out", what=what),
            )
        for place in places:
            place.put(nodes, value)

    def _stretch(self, nodes: Any, steps: int) -> None:
        """Samplers that share the steps keep their shares of them."""
        for sampling in self.slots.sampling:
            if sampling.steps not in self.slots.steps or not self.own.steps:
                continue
            for place in (sampling.start, sampling.end):
                at = whole(self.graph, place)
                if place is not None and at is not None and 0 < at < self.own.steps:
                    place.put(nodes, round(at * steps / self.own.steps))

    def digest(self, loras: Mapping[str, Sequence[WeightedSlot]]) -> str:
        """SHA-256 of what the judged image needs, its slots emptied: equal for workflows that a study fills to equal images."""
        nodes = copy.deepcopy(dict(self.raw))
        slots = self.slots
        settings = (slots.seed, slots.steps, slots.cfg, slots.sampler, slots.scheduler, slots.positive, slots.negative)
        for place in (place for places in settings for place in places):
            place.put(nodes, None)
        for name, weighted in loras.items():
            # Another file of a LoRA has the slots of its last one.
            for each in weighted if lora_of_key(name) == name else ():
                each.slot.name.put(nodes, name)
                each.slot.model.put(nodes, None)
                if each.slot.clip is not None:
                    each.slot.clip.put(nodes, each.clip_share)
        needed = self.graph.upstream(slots.image.node)
        kept = {id_: [node["class_type"], node.get("inputs", {})] for id_, node in nodes.items() if id_ in needed}
        text = json.dumps([list(slots.image), kept], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def open_workflow(path: Path, nodes: Mapping[str, str] = NOTHING) -> Workflow:
    """A workflow saved for ComfyUI's API, or the one inside a picture that ComfyUI saved.

    `nodes` is `draw.nodes` of the study file. Raises InputError for what is no such file, and where it does not tell which of its
    nodes a study sets.
    """
    return workflow_from(read_workflow(path), str(path), nodes)


def workflow_from(raw: Any, where: str, nodes: Mapping[str, str] = NOTHING) -> Workflow:
    """As `open_workflow`, from the JSON of such a file; `where` names it in messages."""
    graph = graph_from(raw, where)
    slots = slots_of(graph, nodes)
    bare = raw if isinstance(raw, dict) and set(raw) == set(graph.nodes) else raw["prompt"]
    return Workflow(graph, slots, own_settings(graph, slots), bare)


def _weigh(nodes: Any, weighted: WeightedSlot, weight: float, file: str | None) -> None:
    slot = weighted.slot
    slot.model.put(nodes, round(weight, DIGITS))
    if slot.clip is not None and weighted.clip_share is not None:
        slot.clip.put(nodes, round(weight * weighted.clip_share, DIGITS))
    if weighted.renamed and file is not None:
        slot.name.put(nodes, file)
