"""ComfyUI's refusals and failures, each in one line that names the node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from models.errors import InputError
from models.language.translate import phrase
from optimizer.render.remote.client import RefusedError
from optimizer.render.remote.comfyui.reading.graph import Graph
from optimizer.render.remote.server_lora import nearest

MEMORY: Final = ("outofmemory", "out of memory", "allocation on device", "not enough memory", "can't allocate memory")
DAMAGED: Final = ("safetensor", "unpickl", "header", "invalid load key", "corrupt", "incompletemetadata")
LOADERS: Final = ("load",)
LETTERS: Final = 200


def refused(error: RefusedError, graph: Graph, url: str) -> InputError:
    """A prompt that the server did not take (status 400), by `node_errors` of its answer."""
    body = error.answer if isinstance(error.answer, dict) else {}
    node_errors = body.get("node_errors")
    if isinstance(node_errors, dict):
        for id_, entry in node_errors.items():
            for fault in entry.get("errors") or [] if isinstance(entry, dict) else []:
                if isinstance(fault, dict):
                    return _fault(str(id_), entry, fault, graph, url)
    stated = body.get("error")
    if isinstance(stated, dict):
        what = _shown(f"{stated.get('message', '')} {stated.get('details', '')}")
        return InputError(
            phrase("the server refuses the workflow: {what}", what=what), url, "open it in ComfyUI, where it is marked"
        )
    return error


def _fault(id_: str, entry: Mapping[str, Any], fault: Mapping[str, Any], graph: Graph, url: str) -> InputError:
    label = label_of(id_, graph, entry.get("class_type"))
    extra = fault.get("extra_info")
    extra = extra if isinstance(extra, dict) else {}
    if fault.get("type") == "value_not_in_list":
        config = extra.get("input_config")
        listed = config[0] if isinstance(config, list) and config and isinstance(config[0], list) else []
        value, name = _shown(extra.get("received_value")), _shown(extra.get("input_name"))
        near = nearest(value, [str(each) for each in listed]) if listed else ""
        what = phrase(
            "the server has no {value} for {name} of node {label}{near}", value=value, name=name, label=label, near=near
        )
        return InputError(what, url, "put it there, or choose another in the workflow")
    why = _shown(f"{fault.get('message', '')}: {fault.get('details', '')}")
    return InputError(
        phrase("the server refuses node {label}: {what}", label=label, what=why),
        url,
        "open the workflow in ComfyUI, where it is marked",
    )


def failed(data: Mapping[str, Any], graph: Graph, url: str) -> InputError:
    """A prompt that failed while it ran, by the `execution_error` message."""
    label = label_of(_shown(data.get("node_id")), graph, data.get("node_type"))
    kind, message = _shown(data.get("exception_type")), _shown(_first_line(data.get("exception_message")))
    words = f"{kind} {data.get('exception_message')}".lower()
    if any(word in words for word in MEMORY):
        return InputError(
            phrase("the server ran out of memory in node {label}", label=label), url, "draw smaller pictures, or free its memory"
        )
    if any(word in words for word in DAMAGED) and any(word in label.lower() for word in LOADERS):
        return InputError(
            phrase("the server cannot read the file of node {label}: {message}", label=label, message=message or kind),
            url,
            "copy the file there again",
        )
    return InputError(
        phrase(
            "node {label} failed on the server: {kind}: {message}", label=label, kind=kind.rpartition(".")[2], message=message
        ),
        url,
        "see its log",
    )


def label_of(id_: str, graph: Graph, kind: Any) -> str:
    """For people; of a node that a node made while it ran, that node."""
    for name in (id_, id_.split(".")[0]):
        if name in graph.nodes:
            return graph.nodes[name].label
    return f"{id_} ({_shown(kind)})" if isinstance(kind, str) else id_


def _first_line(value: Any) -> str:
    return next((line for line in str(value or "").splitlines() if line.strip()), "")


def _shown(value: Any) -> str:
    """Printable, on one line, short."""
    return "".join(c for c in " ".join(str("" if value is None else value).split()) if c.isprintable())[:LETTERS].strip()
