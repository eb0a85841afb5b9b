"""Inputs of nodes: where one is, what it is worth, and how it is set."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any, Final, NamedTuple

from optimizer.render.remote.comfyui.reading.graph import Graph, Node

NUMBERS: Final = ("value", "seed", "noise_seed", "int", "float", "number", "Number", "Value")
TEXTS: Final = ("value", "text", "string", "Text", "String", "prompt")
"""Names of the inputs of nodes that only hand a value on."""
FARTHEST: Final = 32


class Place(NamedTuple):
    """An input of a node; several keys where the value lies inside of a mapping."""

    node: str
    keys: tuple[str, ...]

    def raw(self, graph: Graph) -> Any:
        """What the file has there: a value or a link; None if it has nothing."""
        value: Any = graph.nodes[self.node].inputs
        for key in self.keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    def put(self, nodes: Mapping[str, MutableMapping[str, Any]], value: Any) -> None:
        """Sets it in a graph of the API's form, instead of the value or the link there."""
        inputs: Any = nodes[self.node]["inputs"]
        for key in self.keys[:-1]:
            inputs = inputs[key]
        inputs[self.keys[-1]] = value


def place(node: Node, *names: str) -> Place | None:
    """The first of these inputs that the node has."""
    return next((Place(node.id, (name,)) for name in names if node.inputs.get(name) is not None), None)


def number(graph: Graph, found: Place | None) -> float | int | None:
    """What it is worth, through nodes that only hand a number on; None where it is computed or no number."""
    value = _value(graph, found, NUMBERS, (int, float))
    return None if isinstance(value, bool) else value


def whole(graph: Graph, found: Place | None) -> int | None:
    value = number(graph, found)
    return int(value) if value is not None and value == int(value) else None


def text(graph: Graph, found: Place | None) -> str | None:
    """As `number`, for text."""
    value = _value(graph, found, TEXTS, (str,))
    return value if isinstance(value, str) else None


def _value(graph: Graph, found: Place | None, names: tuple[str, ...], types: tuple[type, ...]) -> Any:
    """A node that has more than the one value may change it: a wildcard, a template, a sum."""
    for _ in range(FARTHEST):
        if found is None:
            return None
        value = found.raw(graph)
        if isinstance(value, types):
            return value
        source = graph.source(graph.nodes[found.node], found.keys[0]) if len(found.keys) == 1 else None
        if source is None:
            return None
        node = source[0]
        found = place(node, *names) if len([1 for _, value in node.values() if isinstance(value, types)]) <= 1 else None
        if found is not None and str in types and len(node.inputs) > 1:
            return None
        if found is not None and len(list(node.links())) > 1:
            return None
    return None
