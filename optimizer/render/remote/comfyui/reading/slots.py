"""What of a workflow a study sets: found by its links, from the judged image backwards.

A study's seed, steps, CFG, sampler and texts are those of the first sampler, the one that no other's latents flow into.
Whatever else has the same value or link in the workflow follows it; what differs stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from models.errors import InputError
from models.language.translate import phrase
from optimizer.render.remote.comfyui.reading.graph import Graph, Link, Node
from optimizer.render.remote.comfyui.reading.judged import judged_image
from optimizer.render.remote.comfyui.reading.loaders import LoraSlot, lora_slots
from optimizer.render.remote.comfyui.reading.sampling import Sampling, samples, sampling_of
from optimizer.render.remote.comfyui.reading.texts import Side, text_places, texts_of
from optimizer.render.remote.comfyui.reading.values import Place

LORA: Final = "loras."
KEYS: Final = ("image", "sampler", "positive", "negative", "seed", "steps", "cfg")
"""Of `draw.nodes`, besides `loras.NAME`. Each names a node, or one input of it as ID.INPUT."""


@dataclass(frozen=True)
class Slots:
    """Places of a workflow. Empty: it takes none."""

    image: Link
    """Whose images are judged."""
    sampling: Sequence[Sampling]
    """All samplers that the image needs; the first is the one that the study sets."""
    seed: Sequence[Place]
    steps: Sequence[Place]
    cfg: Sequence[Place]
    sampler: Sequence[Place]
    scheduler: Sequence[Place]
    positive: Sequence[Place]
    negative: Sequence[Place]
    loras: Sequence[LoraSlot]
    """That a sampler reads, in the file's order."""
    idle_loras: Sequence[LoraSlot]
    """That no sampler reads."""
    named: Mapping[str, str]
    """`draw.nodes`: which nodes the study names."""


def slots_of(graph: Graph, nodes: Mapping[str, str]) -> Slots:
    """Finds them. `nodes` is `draw.nodes` of the study file.

    Raises InputError where several nodes would do, naming them, and where none does.
    """
    _check(graph, nodes)
    image = judged_image(graph, nodes.get("image"))
    needed = graph.upstream(image.node)
    found = _samplings(graph, needed, nodes.get("sampler"))
    first = found[0]
    positive, negative = (_texts(graph, found, side, nodes) for side in ("positive", "negative"))
    slots = [slot for node in graph.nodes.values() for slot in lora_slots(graph, node)]
    fed = {id_ for sampling in found for id_ in graph.upstream(sampling.node.id)}
    reached = [slot for slot in slots if slot.node.id in fed]
    return Slots(
        image=image,
        sampling=found,
        seed=_alike(graph, found, lambda sampling: sampling.seed, _place(graph, nodes, "seed") or _seed(graph, first)),
        steps=_alike(graph, found, lambda sampling: sampling.steps, _place(graph, nodes, "steps") or first.steps),
        cfg=_alike(graph, found, lambda sampling: sampling.cfg, _place(graph, nodes, "cfg") or first.cfg),
        sampler=_alike(graph, found, lambda sampling: sampling.sampler, first.sampler),
        scheduler=_alike(graph, found, lambda sampling: sampling.scheduler, first.scheduler),
        positive=positive,
        negative=[place for place in negative if place not in positive],
        loras=reached,
        idle_loras=[slot for slot in slots if slot not in reached],
        named=dict(nodes),
    )


def _check(graph: Graph, nodes: Mapping[str, str]) -> None:
    for key, value in nodes.items():
        if key not in KEYS and not key.startswith(LORA):
            raise InputError(
                phrase("unknown key '{key}'", key=key),
                "draw.nodes",
                phrase("use {keys} or {lora}NAME", keys=", ".join(KEYS), lora=LORA),
            )
        id_, input_ = split(graph, value)
        if id_ not in graph.nodes:
            listed = ", ".join(node.label for node in list(graph.nodes.values())[:8])
            raise InputError(
                phrase("the workflow has no node {id}", id=id_), f"draw.nodes.{key}", phrase("it has {listed}", listed=listed)
            )
        if input_ and input_ not in graph.nodes[id_].inputs:
            listed = ", ".join(graph.nodes[id_].inputs)
            raise InputError(
                phrase("node {label} has no input {input}", label=graph.nodes[id_].label, input=input_),
                f"draw.nodes.{key}",
                phrase("it has {listed}", listed=listed),
            )


def split(graph: Graph, value: str) -> tuple[str, str]:
    """Node and input of `ID` or `ID.INPUT`."""
    if value in graph.nodes:
        return value, ""
    id_, _, input_ = value.partition(".")
    return id_, input_


def _place(graph: Graph, nodes: Mapping[str, str], key: str) -> Place | None:
    """The input that `draw.nodes` names; without one, that of its sampler's name or the only one of its kind."""
    if key not in nodes:
        return None
    id_, input_ = split(graph, nodes[key])
    node = graph.nodes[id_]
    likely = {"seed": ("seed", "noise_seed", "value"), "steps": ("steps", "value"), "cfg": ("cfg", "guidance", "value")}[key]
    found = input_ or next((name for name in likely if name in node.inputs), "")
    if not found:
        raise InputError(
            phrase("node {label} has no {key}", label=node.label, key=key),
            f"draw.nodes.{key}",
            phrase("name its input: {id}.INPUT", id=id_),
        )
    return Place(id_, (found,))


def _samplings(graph: Graph, needed: set[str], named: str | None) -> list[Sampling]:
    found = [sampling_of(graph, node) for node in graph.nodes.values() if node.id in needed and samples(node)]
    if named is not None:
        first = [sampling for sampling in found if sampling.node.id == named]
        if not first:
            listed = ", ".join(sampling.node.label for sampling in found) or phrase("it has no samplers")
            raise InputError(
                phrase("no sampler of the judged image is node {named}", named=named),
                "draw.nodes.sampler",
                phrase("choose from: {listed}", listed=listed),
            )
        return [*first, *(sampling for sampling in found if sampling.node.id != named)]
    if not found:
        raise InputError("no sampler leads to the judged image", graph.where, "name another image: draw.nodes: {image: ID}")
    first = [sampling for sampling in found if not _fed_by_another(graph, sampling, found)]
    if len(first) != 1:
        listed = ", ".join(sampling.node.label for sampling in (first or found)[:6])
        what = phrase("{count} samplers begin from latents of their own: {listed}", count=len(first), listed=listed)
        raise InputError(what, graph.where, "name the one that the study sets: draw.nodes: {sampler: ID}")
    return [*first, *(sampling for sampling in found if sampling is not first[0])]


def _fed_by_another(graph: Graph, sampling: Sampling, all_of_them: Sequence[Sampling]) -> bool:
    upstream = graph.upstream(sampling.node.id) - {sampling.node.id}
    return any(other.node.id in upstream for other in all_of_them)


def _seed(graph: Graph, first: Sampling) -> Place:
    if first.seed is None:
        raise InputError(
            phrase("node {label} takes no seed", label=first.node.label), graph.where, "name where it is: draw.nodes: {seed: ID}"
        )
    return first.seed


def _alike(
    graph: Graph, found: Sequence[Sampling], which: Callable[[Sampling], Place | None], first: Place | None
) -> Sequence[Place]:
    """The first's place and those of the others that have the same value or link."""
    if first is None:
        return []
    value = first.raw(graph)
    others = [place for sampling in found if (place := which(sampling)) is not None]
    return [first, *(place for place in dict.fromkeys(others) if place != first and _same(place.raw(graph), value))]


def _same(one: Any, other: Any) -> bool:
    return bool(one == other)


def _texts(graph: Graph, found: Sequence[Sampling], side: Side, nodes: Mapping[str, str]) -> Sequence[Place]:
    """Where the first sampler's text is, and the same text of others."""
    first = _named_text(graph, nodes, side) if side in nodes else _first_text(graph, found[0], side)
    if not first:
        return []
    value = first[0].raw(graph)
    others = [place for sampling in found for node in _lenient(graph, sampling, side) for place in text_places(node, side)]
    return [place for place in dict.fromkeys([*first, *others]) if place == first[0] or _same(place.raw(graph), value)]


def _named_text(graph: Graph, nodes: Mapping[str, str], side: Side) -> list[Place]:
    id_, input_ = split(graph, nodes[side])
    node = graph.nodes[id_]
    if input_:
        return [Place(id_, (input_,))]
    found = text_places(node, side) or [Place(id_, (name,)) for name, value in node.values() if isinstance(value, str)]
    if not found:
        raise InputError(
            phrase("node {label} holds no text", label=node.label), f"draw.nodes.{side}", "name another, or its input: ID.INPUT"
        )
    return _filled_first(graph, found)


def _first_text(graph: Graph, first: Sampling, side: Side) -> list[Place]:
    conditioning = first.positive if side == "positive" else first.negative
    if conditioning is None:
        if side == "positive":
            what = phrase("node {label} takes no positive text", label=first.node.label)
            raise InputError(what, graph.where, "name the node that holds it: draw.nodes: {positive: ID}")
        return []
    encoding = texts_of(graph, *conditioning, side)
    if len(encoding) > 1:
        listed = ", ".join(node.label for node in encoding[:6])
        what = phrase("the {side} text comes from {count} nodes: {listed}", side=side, count=len(encoding), listed=listed)
        raise InputError(
            what,
            graph.where,
            phrase("name the one that the study sets: draw.nodes: {{{side}: '{id}'}}", side=side, id=encoding[0].id),
        )
    return _filled_first(graph, [place for node in encoding for place in text_places(node, side)])


def _filled_first(graph: Graph, places: list[Place]) -> list[Place]:
    """An encoder of several texts: the first that is not empty leads."""
    return sorted(places, key=lambda place: place.raw(graph) == "")


def _lenient(graph: Graph, sampling: Sampling, side: Side) -> list[Node]:
    conditioning = sampling.positive if side == "positive" else sampling.negative
    if conditioning is None:
        return []
    try:
        return texts_of(graph, *conditioning, side)
    except InputError:
        # A later sampler's text that cannot be followed stays as it is.
        return []
