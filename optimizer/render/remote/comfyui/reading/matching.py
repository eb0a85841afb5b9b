"""Which of a workflow's LoRA slots take the weight of which LoRA of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from models.errors import InputError
from models.language.translate import phrase
from optimizer.point import lora_of_key
from optimizer.render.remote.comfyui.reading.graph import Graph
from optimizer.render.remote.comfyui.reading.loaders import LoraSlot, mentions
from optimizer.render.remote.comfyui.reading.slots import LORA, Slots, split
from optimizer.render.remote.comfyui.reading.values import number
from optimizer.render.remote.server_lora import StudyLora, named_on_server


@dataclass(frozen=True)
class WeightedSlot:
    """A slot, and how much the text encoder gets of its weight."""

    slot: LoraSlot
    clip_share: float | None
    """strength_clip over strength_model as the workflow has them; None where the node has no strength of its own for it."""
    renamed: bool = False
    """The study names this node, or its LoRA has several files: it loads the study's LoRA whatever the workflow has there."""


def weighted_slots(graph: Graph, slots: Slots, loras: Sequence[StudyLora]) -> Mapping[str, Sequence[WeightedSlot]]:
    """The slots of each LoRA by the study's names.

    A LoRA's slots are all that name its file, or one of its files, which all have them; `draw.nodes: {loras.NAME: ID}` names
    one, which then loads the study's file. Raises InputError for a LoRA that no sampler reads, that is switched off, that a node
    loads in a way that is not read here, or whose strengths have no ratio, and where several files of one are loaded.
    """
    taken: dict[int, str] = {}
    found: dict[str, Sequence[WeightedSlot]] = {}
    groups: dict[str, list[StudyLora]] = {}
    for lora in loras:
        groups.setdefault(lora_of_key(lora.name), []).append(lora)
    unknown = sorted({key for key in slots.named if key.startswith(LORA)} - {f"{LORA}{name}" for name in groups})
    if unknown:
        raise InputError(
            phrase("no LoRA of the study is named {unknown}", unknown=unknown[0].removeprefix(LORA)),
            f"draw.nodes.{unknown[0]}",
            "mend it",
        )
    for name, files in groups.items():
        lora = next(one for one in files if one.name == name)
        named = slots.named.get(f"{LORA}{name}")
        chosen = (
            _of_node(graph, slots, lora, named)
            if named is not None
            else _of_file(graph, slots, _loaded(graph, slots, lora, files))
        )
        for slot in chosen:
            other = taken.setdefault(id(slot), lora.name)
            if other != lora.name:
                what = phrase(
                    "node {label} would load both {other} and {name}", label=slot.node.label, other=other, name=lora.name
                )
                raise InputError(what, f"draw.nodes.{LORA}{lora.name}", "give each LoRA a loader of its own")
        weighted = [WeightedSlot(slot, _share(graph, slot), named is not None or len(files) > 1) for slot in chosen]
        found |= {one.name: weighted for one in files}
    return found


def _loaded(graph: Graph, slots: Slots, last: StudyLora, files: Sequence[StudyLora]) -> StudyLora:
    """Which of a LoRA's files the workflow loads, the last one where it is none. Raises InputError if it loads several."""
    there = [one for one in files if _named(one, slots.loras, graph) is not None] if len(files) > 1 else []
    if len(there) > 1:
        what = phrase("the workflow loads several files of {name} ({files})", name=last.name, files=", ".join(map(_file, there)))
        raise InputError(what, graph.where, "keep one Load LoRA node for it: the study sets its file")
    return there[0] if there else last


def _of_node(graph: Graph, slots: Slots, lora: StudyLora, named: str) -> list[LoraSlot]:
    id_, input_ = split(graph, named)
    found = [slot for slot in slots.loras if slot.node.id == id_ and input_ in ("", slot.name.keys[0], slot.model.keys[0])]
    where = f"draw.nodes.{LORA}{lora.name}"
    if not found:
        raise InputError(
            phrase("node {label} loads no LoRA that a sampler reads", label=graph.nodes[id_].label), where, "name another"
        )
    if len(found) > 1:
        listed = ", ".join(f"{id_}.{slot.name.keys[0]} ({slot.file})" for slot in found[:6])
        raise InputError(
            phrase("node {label} loads {count} LoRAs", label=graph.nodes[id_].label, count=len(found)),
            where,
            phrase("name one of them: {listed}", listed=listed),
        )
    _switched_on(graph, found, lora)
    return found


def _of_file(graph: Graph, slots: Slots, lora: StudyLora) -> list[LoraSlot]:
    where = f"loras.{lora.name}"
    if not slots.loras and not slots.idle_loras:
        _unread(graph, lora)
        raise InputError("the workflow loads no LoRA", graph.where, phrase("add a Load LoRA node for {file}", file=_file(lora)))
    file = _named(lora, slots.loras, graph)
    if file is None:
        idle = _named(lora, slots.idle_loras, graph)
        if idle is not None:
            labels = ", ".join(slot.node.label for slot in slots.idle_loras if slot.file == idle)
            raise InputError(
                phrase("{idle} is loaded by node {labels}, which no sampler reads", idle=idle, labels=labels),
                where,
                "connect it, or take it out",
            )
        _unread(graph, lora)
        listed = ", ".join(dict.fromkeys(slot.file for slot in slots.loras)) or phrase("none that a sampler reads")
        mend = phrase(
            "add a Load LoRA node for it, or name the node that shall load it: draw.nodes: {{{lora}{name}: ID}}",
            lora=LORA,
            name=lora.name,
        )
        raise InputError(
            phrase("the workflow does not load {file}; it loads {listed}", file=_file(lora), listed=listed), where, mend
        )
    found = [slot for slot in slots.loras if slot.file == file]
    active = [slot for slot in found if slot.active]
    _switched_on(graph, active or found, lora)
    _unread(graph, lora, {slot.node.id for slot in (*slots.loras, *slots.idle_loras)})
    return active


def _named(lora: StudyLora, slots: Sequence[LoraSlot], graph: Graph) -> str | None:
    """The file's name as the workflow has it. Raises InputError where several would do."""
    listed = list(dict.fromkeys(slot.file for slot in slots))
    try:
        return named_on_server(lora, listed, graph.where)
    except InputError as error:
        if error.what.startswith("the server has no"):
            return None
        what = error.what.replace("the server has", "the workflow loads", 1)
        raise InputError(what, error.where, error.mend) from error


def _switched_on(graph: Graph, found: Sequence[LoraSlot], lora: StudyLora) -> None:
    for slot in found:
        if not slot.active:
            raise InputError(
                phrase("{file} is switched off in node {label}", file=slot.file, label=slot.node.label),
                f"loras.{lora.name}",
                "switch it on there",
            )


def _unread(graph: Graph, lora: StudyLora, read: Set[str] = frozenset()) -> None:
    """A node that loads it in a way that is not read here would go on doing so. Nodes that encode text load nothing."""
    stem = _file(lora).replace("\\", "/").rpartition("/")[2].removesuffix(".safetensors")
    for node in graph.nodes.values():
        for text in mentions(node) if node.id not in read and "TextEncode" not in node.kind else []:
            if text.replace("\\", "/").rpartition("/")[2].removesuffix(".safetensors") == stem:
                what = phrase("node {label} loads {words} in a way that is not known here", label=node.label, words=text)
                raise InputError(what, f"loras.{lora.name}", "use Load LoRA nodes for the study's LoRAs")


def _file(lora: StudyLora) -> str:
    return lora.server_name or lora.file.name


def _share(graph: Graph, slot: LoraSlot) -> float | None:
    if slot.clip is None:
        return None
    if slot.clip.raw(graph) == slot.model.raw(graph):
        return 1.0
    model, clip = number(graph, slot.model), number(graph, slot.clip)
    if clip == 0:
        return 0.0
    if not model or clip is None:
        what = phrase("node {label} has no ratio of its two strengths for {file}", label=slot.node.label, file=slot.file)
        raise InputError(what, graph.where, "give both strengths as numbers, the model's not 0")
    return clip / model
