"""A filled workflow as it is sent: what the judged image needs, one image, nothing written to the user's folders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from optimizer.render.remote.comfyui.reading.graph import Link, as_link

WEBSOCKET: Final = "SaveImageWebsocket"
PREVIEW: Final = "PreviewImage"
BLANK: Final = "EmptyImage"
IMAGE_ID: Final = "judged-image"
"""The node that sends the judged image."""


def prepared(nodes: Mapping[str, Any], image: Link, output: str) -> dict[str, Any]:
    """The part of a graph that `image` needs, and a node of class `output` that sends it.

    Batches are of one image: the first of a larger batch is the same picture, and the others would be drawn for nothing.
    """
    needed = {id_: dict(nodes[id_]) for id_ in _upstream(nodes, image.node)}
    for id_ in needed:
        inputs = dict(needed[id_].get("inputs", {}))
        if isinstance(inputs.get("batch_size"), int) and inputs["batch_size"] > 1:
            inputs["batch_size"] = 1
        needed[id_] = {"class_type": needed[id_]["class_type"], "inputs": inputs}
    ordered = {id_: needed[id_] for id_ in nodes if id_ in needed}
    return {**ordered, IMAGE_ID: {"class_type": output, "inputs": {"images": list(image)}}}


def blank(output: str) -> dict[str, Any]:
    """A prompt that costs next to nothing."""
    image = {"class_type": BLANK, "inputs": {"width": 16, "height": 16, "batch_size": 1, "color": 0}}
    return {"blank": image, IMAGE_ID: {"class_type": output, "inputs": {"images": ["blank", 0]}}}


def _upstream(nodes: Mapping[str, Any], start: str) -> set[str]:
    """Slots that were links are values now: what only they needed is not needed any more."""
    found, waiting = {start}, [start]
    while waiting:
        for value in nodes[waiting.pop()].get("inputs", {}).values():
            link = as_link(value)
            if link is not None and link.node not in found:
                found.add(link.node)
                waiting.append(link.node)
    return found
