"""A ComfyUI workflow in the form that its API takes: nodes by id, inputs that are values or links to other nodes' outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from models.errors import InputError
from models.language.translate import phrase

MOST_NODES: Final = 5000
SAVE_AS_API: Final = phrase("in ComfyUI choose Workflow > Export (API) and give that file")


class Link(NamedTuple):
    """An output of a node."""

    node: str
    output: int


@dataclass(frozen=True)
class Node:
    id: str
    kind: str
    """ComfyUI's `class_type`."""
    title: str
    """As its owner named it; empty if the file holds no titles."""
    inputs: Mapping[str, Any]
    """Values, and links as lists of an id and an output's number."""

    def link(self, name: str) -> Link | None:
        """Where input `name` comes from; None if it is a value or missing."""
        return as_link(self.inputs.get(name))

    def links(self) -> Iterator[tuple[str, Link]]:
        """Names of inputs that are links, and where these come from."""
        for name, value in self.inputs.items():
            link = as_link(value)
            if link is not None:
                yield name, link

    def values(self) -> Iterator[tuple[str, Any]]:
        """Names of inputs that are values, and these."""
        return ((name, value) for name, value in self.inputs.items() if as_link(value) is None)

    @property
    def label(self) -> str:
        """For people: `5 "Refiner" (KSampler)`."""
        return f'{self.id} "{self.title}" ({self.kind})' if self.title not in ("", self.kind) else f"{self.id} ({self.kind})"


def as_link(value: Any) -> Link | None:
    """A value of the file as a link; None if it is none."""
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and type(value[1]) is int:
        return Link(value[0], value[1])
    return None


@dataclass(frozen=True)
class Graph:
    """Nodes by id, in the file's order."""

    nodes: Mapping[str, Node]
    where: str
    """The file, for messages."""

    def source(self, reader: Node, name: str) -> tuple[Node, Link] | None:
        """The node that input `name` comes from, and by which of its outputs; reroutes are passed. None if it is no link.

        Raises InputError if the file lacks that node, or reroutes lead nowhere.
        """
        link, passed = reader.link(name), 0
        while link is not None:
            node = self.at(link, reader)
            if "reroute" not in node.kind.lower():
                return node, link
            onward = [onward for _, onward in node.links()]
            passed += 1
            if len(onward) != 1 or passed > MOST_NODES:
                raise InputError(phrase("node {label} leads nowhere", label=node.label), self.where, "connect it, or take it out")
            link = onward[0]
        return None

    def at(self, link: Link, reader: Node) -> Node:
        """Raises InputError if the file lacks the node."""
        if link.node not in self.nodes:
            raise InputError(
                phrase("node {label} reads from node {node}, which the file lacks", label=reader.label, node=link.node),
                self.where,
                phrase("mend it, or {save_as_api}", save_as_api=SAVE_AS_API),
            )
        return self.nodes[link.node]

    def upstream(self, start: str) -> set[str]:
        """Ids of a node and of all that it needs.

        Raises InputError if the file lacks one of them, or any of them needs itself.
        """
        found, path = {start}, [start]
        unread = {start: iter([*self.nodes[start].links()])}
        while path:
            node = self.nodes[path[-1]]
            for _, link in unread[path[-1]]:
                self.at(link, node)
                if link.node in unread:
                    circle = [self.nodes[id_] for id_ in path[path.index(link.node) :]]
                    if all("reroute" in one.kind.lower() for one in circle):
                        raise InputError(
                            phrase("node {label} leads nowhere", label=circle[0].label), self.where, "connect it, or take it out"
                        )
                    what = phrase(
                        "node {label} needs its own result, by way of {label_2}",
                        label=self.nodes[link.node].label,
                        label_2=node.label,
                    )
                    raise InputError(what, self.where, "mend the links")
                if link.node not in found:
                    found.add(link.node)
                    path.append(link.node)
                    unread[link.node] = iter([*self.nodes[link.node].links()])
                    break
            else:
                del unread[path.pop()]
        return found

    def ends(self) -> list[Node]:
        """The nodes that no other reads from."""
        read = {link.node for node in self.nodes.values() for _, link in node.links()}
        return [node for node in self.nodes.values() if node.id not in read]


def graph_from(raw: Any, where: str) -> Graph:
    """The JSON of a workflow. Raises InputError for the form that ComfyUI's page saves, and for what is no workflow."""
    if isinstance(raw, dict) and isinstance(raw.get("nodes"), list):
        raise InputError("the workflow is saved for ComfyUI's page, not for its API", where, SAVE_AS_API)
    if isinstance(raw, dict) and isinstance(raw.get("prompt"), dict) and "class_type" not in raw["prompt"]:
        raw = raw["prompt"]
    if not isinstance(raw, dict) or not raw:
        raise _no_workflow(where, phrase("it holds no nodes"))
    if len(raw) > MOST_NODES:
        raise _no_workflow(where, phrase("it holds more than {most_nodes} nodes", most_nodes=MOST_NODES))
    return Graph({id_: _node(id_, entry, where) for id_, entry in raw.items()}, where)


def _node(id_: str, entry: Any, where: str) -> Node:
    kind, inputs = (entry.get("class_type"), entry.get("inputs", {})) if isinstance(entry, dict) else (None, None)
    named = isinstance(kind, str) and kind and _shown(kind, 200) == kind and _shown(id_, 80) == id_
    if not named or not isinstance(kind, str) or not isinstance(inputs, dict):
        raise _no_workflow(where, phrase("its entry {id} is no node", id=_shown(id_)))
    meta = entry.get("_meta")
    title = meta.get("title") if isinstance(meta, dict) else None
    return Node(id_, kind, _shown(title) if isinstance(title, str) else "", inputs)


def _shown(text: str, letters: int = 40) -> str:
    """Printable and short."""
    return "".join(c for c in text if c.isprintable())[:letters]


def _no_workflow(where: str, why: str) -> InputError:
    return InputError(phrase("not a workflow of ComfyUI: {why}", why=why), where, SAVE_AS_API)
