"""The image of a workflow that is judged."""

from __future__ import annotations

from typing import Final

from models.errors import InputError
from models.language.translate import phrase
from optimizer.render.remote.comfyui.reading.graph import Graph, Link, Node

IMAGES: Final = ("images", "image")
SAVES: Final = ("save", "websocket")
SHOWS: Final = ("preview", "compare")
"""Parts of the classes of nodes at the end of a graph that take an image."""


def judged_image(graph: Graph, named: str | None) -> Link:
    """The output whose image is judged: that of node `named`, or what the one node that saves images saves, or shows.

    Raises InputError if none or several would do.
    """
    if named is not None:
        return _named(graph, named)
    taking = [(node, link) for node in graph.ends() if (link := _image(node)) is not None]
    for words in (SAVES, SHOWS):
        found = [(node, link) for node, link in taking if any(word in node.kind.lower() for word in words)]
        if found:
            return _only(graph, found)
    mend = "add a Save Image node, or name one: draw.nodes: {image: ID}"
    raise InputError("no node of the workflow saves or shows an image", graph.where, mend)


def _named(graph: Graph, named: str) -> Link:
    node = graph.nodes[named]
    link = _image(node)
    if link is None or node.id not in {end.id for end in graph.ends()}:
        return Link(node.id, 0)
    graph.at(link, node)
    return link


def _image(node: Node) -> Link | None:
    return next((link for name in IMAGES if (link := node.link(name)) is not None), None)


def _only(graph: Graph, found: list[tuple[Node, Link]]) -> Link:
    sources = {link for _, link in found}
    if len(sources) > 1:
        listed = ", ".join(node.label for node, _ in found[:6])
        raise InputError(
            phrase("{count} images come out of the workflow: {listed}", count=len(sources), listed=listed),
            graph.where,
            phrase("name the one to judge: draw.nodes: {{image: '{id}'}}", id=found[0][0].id),
        )
    graph.at(found[0][1], found[0][0])
    return found[0][1]
