"""The graph of ComfyUI's page, with other values in its widgets.

The page keeps a node's values in a list without names (`widgets_values`), in the order in which the API's form has the node's
inputs, with some between them that only the page knows, such as what becomes of a seed after a run. A value is set only where
the API's values are all found there in that order.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def with_inputs(page: Any, api: Mapping[str, Any], changes: Iterable[tuple[str, str, Any]]) -> tuple[Any, list[str]]:
    """A copy with `changes`: node, input and value; `api` is the same graph in the API's form, as it was saved.

    Also names the inputs that could not be set, as "KSampler (3) seed".
    """
    page, left = copy.deepcopy(page), []
    nodes = {str(node["id"]): node for node in _nodes(page) if "id" in node}
    places = {id_: _places(nodes[id_].get("widgets_values"), api[id_].get("inputs", {})) for id_ in nodes if id_ in api}
    for id_, name, value in changes:
        place = places.get(id_, {}).get(name)
        if place is None:
            left.append(f"{api[id_].get('class_type', 'node')} ({id_}) {name}")
        else:
            nodes[id_]["widgets_values"][place] = value
    return page, left


def _nodes(page: Any) -> list[dict[str, Any]]:
    nodes = page.get("nodes") if isinstance(page, Mapping) else None
    return [node for node in nodes if isinstance(node, dict)] if isinstance(nodes, list) else []


def _places(values: Any, inputs: Any) -> dict[str, int | str]:
    """Where each input that is no link stands in a node's values; empty where they are not all found in order."""
    if not isinstance(inputs, Mapping):
        return {}
    plain = {name: value for name, value in inputs.items() if not isinstance(value, list)}
    if isinstance(values, dict):
        return {name: name for name, value in plain.items() if name in values and _same(values[name], value)}
    if not isinstance(values, list):
        return {}
    return _aligned(values, plain)


def _aligned(values: Sequence[Any], plain: Mapping[str, Any]) -> dict[str, int | str]:
    found: dict[str, int | str] = {}
    at = 0
    for name, value in plain.items():
        at = next((i for i in range(at, len(values)) if _same(values[i], value)), len(values))
        if at == len(values):
            return {}
        found[name] = at
        at += 1
    return found


def _same(one: Any, other: Any) -> bool:
    """1 and 1.0 are the same; 1 and true are not."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
