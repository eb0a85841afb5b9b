"""Nodes that sample: where each takes its seed, steps, CFG, sampler and texts.

KSampler and all nodes with its inputs (KSamplerAdvanced, those of other packs), SamplerCustom, SamplerCustomAdvanced with its
noise, guider, sampler and sigmas (nodes.py and comfy_extras/nodes_custom_sampler.py of ComfyUI 0.3.64).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from optimizer.render.remote.comfyui.reading.graph import Graph, Link, Node
from optimizer.render.remote.comfyui.reading.values import Place, number, place

SEEDS: Final = ("seed", "noise_seed")
POSITIVE: Final = ("positive", "conditioning", "cond1")
NEGATIVE: Final = ("negative",)
LATENTS: Final = ("latent_image", "latent", "samples")
GUIDANCE: Final = ("guidance",)
FARTHEST: Final = 64


@dataclass(frozen=True)
class Sampling:
    """Each is None if the node takes none."""

    node: Node
    seed: Place | None
    steps: Place | None
    start: Place | None
    """Of KSamplerAdvanced: the first step that it does, and the one after its last."""
    end: Place | None
    cfg: Place | None
    sampler: Place | None
    scheduler: Place | None
    positive: tuple[Node, str] | None
    """The node and input that the conditioning comes in by."""
    negative: tuple[Node, str] | None
    latent: Link | None


def samples(node: Node) -> bool:
    """Whether a node samples."""
    names = node.inputs
    if "guider" in names and "sigmas" in names:
        return True
    return any(seed in names for seed in SEEDS) and "cfg" in names and ("steps" in names or "sigmas" in names)


def sampling_of(graph: Graph, node: Node) -> Sampling:
    """Of a node that samples. Raises InputError for links into nothing."""
    noise, guider = _source(graph, node, "noise"), _source(graph, node, "guider")
    sigmas, sampler = _sigmas(graph, node), _source(graph, node, "sampler")
    guiding = guider or node
    return Sampling(
        node,
        place(node, *SEEDS) or (place(noise, *SEEDS) if noise else None),
        place(node, "steps") or (place(sigmas, "steps") if sigmas else None),
        place(node, "start_at_step"),
        place(node, "end_at_step"),
        _cfg(graph, guiding),
        place(node, "sampler_name") or (place(sampler, "sampler_name") if sampler else None),
        place(node, "scheduler") or (place(sigmas, "scheduler") if sigmas else None),
        _input(guiding, POSITIVE),
        _input(guiding, NEGATIVE),
        next((link for name in LATENTS if (link := node.link(name)) is not None), None),
    )


def _source(graph: Graph, node: Node, name: str) -> Node | None:
    source = graph.source(node, name)
    return None if source is None else source[0]


def _input(node: Node, names: tuple[str, ...]) -> tuple[Node, str] | None:
    return next(((node, name) for name in names if node.link(name) is not None), None)


def _sigmas(graph: Graph, node: Node) -> Node | None:
    """The node that lays the noise levels, before others split or scale them."""
    found = _source(graph, node, "sigmas")
    for _ in range(FARTHEST):
        if found is None or "steps" in found.inputs:
            return found
        found = _source(graph, found, "sigmas")
    return None


def _cfg(graph: Graph, guiding: Node) -> Place | None:
    """CFG; where it is absent or 1, the guidance that a model distilled for it takes with the positive text."""
    cfg = place(guiding, "cfg", "cfg_conds")
    return (_guidance(graph, guiding) or cfg) if cfg is None or number(graph, cfg) == 1 else cfg


def _guidance(graph: Graph, guiding: Node) -> Place | None:
    start = _input(guiding, POSITIVE)
    waiting, seen = [] if start is None else [start], set[str]()
    while waiting:
        reader, name = waiting.pop()
        source = _source(graph, reader, name)
        if source is None or source.id in seen:
            continue
        seen.add(source.id)
        if source.inputs.get(GUIDANCE[0]) is not None:
            return place(source, *GUIDANCE)
        waiting.extend((source, onward) for onward, _ in source.links() if onward in POSITIVE)
    return None
