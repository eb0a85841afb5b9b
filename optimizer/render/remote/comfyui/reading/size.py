"""How large the judged image will be, as far as the workflow tells without the server."""

from __future__ import annotations

from typing import Final, TypeAlias

from optimizer.render.remote.comfyui.reading.graph import Graph, Link, Node
from optimizer.render.remote.comfyui.reading.sampling import samples
from optimizer.render.remote.comfyui.reading.values import number, place, whole

Size: TypeAlias = tuple[int, int]

THROUGH: Final = ("samples", "latent_image", "latent", "pixels", "image", "images", "")
"""Inputs by which an image or its latents pass through a node."""
KEEPING: Final = (
    *("VAEDecode", "VAEDecodeTiled", "VAEEncode", "VAEEncodeTiled", "LatentFromBatch", "SetLatentNoiseMask", "RepeatLatentBatch"),
    *("ImageSharpen", "ImageBlur", "ImageQuantize", "ImageFromBatch", "Reroute"),
)
FACTOR: Final = 8
"""Pixels of an image a latent."""
FARTHEST: Final = 200


def size_of(graph: Graph, image: Link, depth: int = 0) -> Size | None:
    """Width and height in pixels; None behind a node whose effect on the size is not known here."""
    node = graph.nodes.get(image.node)
    if node is None or depth > FARTHEST:
        return None
    if node.kind.startswith("Empty"):
        return _floored(_both(graph, node, ("width", "height")))
    if place(node, "empty_latent_width") is not None:
        return _floored(_both(graph, node, ("empty_latent_width", "empty_latent_height")))
    if node.kind == "LatentUpscale":
        return _floored(_both(graph, node, ("width", "height")))
    if node.kind == "ImageScale":
        return _both(graph, node, ("width", "height"))
    onward = next((link for name in THROUGH if (link := node.link(name)) is not None), None)
    inner = size_of(graph, onward, depth + 1) if onward is not None else None
    if inner is None:
        return None
    if node.kind in ("LatentUpscaleBy", "ImageScaleBy"):
        unit = FACTOR if node.kind == "LatentUpscaleBy" else 1
        by = number(graph, place(node, "scale_by"))
        return None if by is None else (round(inner[0] / unit * by) * unit, round(inner[1] / unit * by) * unit)
    return inner if node.kind in KEEPING or samples(node) else None


def _both(graph: Graph, node: Node, names: tuple[str, str]) -> Size | None:
    width, height = (whole(graph, place(node, name)) for name in names)
    # A side of 0 follows the other by the image's shape.
    return (width, height) if width and height else None


def _floored(size: Size | None) -> Size | None:
    return size and (size[0] // FACTOR * FACTOR, size[1] // FACTOR * FACTOR)
