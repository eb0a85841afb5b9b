"""The texts that a conditioning is made of, found by following it backwards."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from models.errors import InputError
from models.language.translate import phrase
from optimizer.render.remote.comfyui.reading.graph import Graph, Node
from optimizer.render.remote.comfyui.reading.values import Place

Side: TypeAlias = Literal["positive", "negative"]

TEXTS: Final = (
    *("text", "text_g", "text_l", "clip_l", "clip_g", "t5xxl", "llama", "bert", "mt5xl", "prompt", "user_prompt"),
    *("qwen25_7b", "byt5", "tags"),
)
"""Inputs of nodes that encode text."""
WITHOUT_TEXT: Final = ("ConditioningZeroOut",)
"""What follows is worth the same whatever its text."""


def texts_of(graph: Graph, reader: Node, name: str, side: Side) -> list[Node]:
    """The nodes whose text goes into input `name` of `reader`; none if it is zeroed.

    Raises InputError at a node that cannot be followed.
    """
    found: dict[str, Node] = {}
    waiting, seen = [(reader, name)], set[tuple[str, int]]()
    while waiting:
        at, input_ = waiting.pop()
        source = graph.source(at, input_)
        if source is None or tuple(source[1]) in seen:
            continue
        node, link = source
        seen.add((link.node, link.output))
        if node.kind in WITHOUT_TEXT:
            continue
        if text_places(node, side):
            found[node.id] = node
            continue
        onward = _onward(node, link.output, side)
        if not onward:
            what = phrase("the {side} text cannot be followed through node {label}", side=side, label=node.label)
            raise InputError(what, graph.where, phrase("name the node that holds it: draw.nodes: {{{side}: ID}}", side=side))
        waiting.extend((node, further) for further in onward)
    return sorted(found.values(), key=lambda node: list(graph.nodes).index(node.id))


def text_places(node: Node, side: Side) -> list[Place]:
    """The inputs that hold a node's text: values, or links to other texts. Loaders that encode too have one for each side."""
    if isinstance(node.inputs.get(side), str):
        return [Place(node.id, (side,))]
    # A conditioning has neither: its text was encoded before.
    encodes = "clip" in node.inputs or "encode" in node.kind.lower()
    return [Place(node.id, (name,)) for name in TEXTS if node.inputs.get(name) is not None] if encodes else []


def _onward(node: Node, output: int, side: Side) -> list[str]:
    """The inputs that a conditioning comes in by. Nodes with both sides in have both sides out, in this order."""
    linked = [name for name, _ in node.links()]
    if "positive" in linked or "negative" in linked:
        wanted = {0: "positive", 1: "negative"}.get(output)
        return [wanted] if wanted in linked else []
    return [name for name in linked if name.lower().startswith(("cond", "base_cond"))]
