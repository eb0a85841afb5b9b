"""Comma-separated tags for a figure, as a tagger would write them: what the framing shows, nothing else."""

from __future__ import annotations

import numpy as np

from studies.paperdoll.figure import Figure


def head_tags(figure: Figure) -> list[str]:
    i = figure.identity
    tags = [f"{'teal' if i.teal_hair else i.hair} hair", i.style, f"{i.eyes} eyes", f"{i.skin} skin", figure.pose.mouth]
    return [*tags, "glasses"] if i.glasses else tags


def garment_tags(figure: Figure) -> list[str]:
    g = figure.garment
    if g.kind == "testdress":
        return ["pink dress"]
    tags = [f"{g.upper} dress"] if g.kind == "dress" else [f"{g.upper} shirt", f"{g.lower} skirt"]
    return tags if g.pattern == "plain" else [*tags, g.pattern]


def shoe_tags(figure: Figure) -> list[str]:
    kind = "boots" if figure.shoes.kind == "myshoes" else figure.shoes.kind
    return [f"{figure.shoes.colour} {kind}"]


def tags(figure: Figure) -> list[str]:
    """The tags of all that can be seen, framing first, ground last."""
    ground = f"{figure.ground} background"
    match figure.framing:
        case "full body":
            seen = [*head_tags(figure), *garment_tags(figure), *shoe_tags(figure), figure.pose.arms]
        case "upper body":
            seen = [*head_tags(figure), *garment_tags(figure), figure.pose.arms]
        case "face close-up":
            seen = head_tags(figure)
        case "clothing close-up":
            seen = garment_tags(figure)
        case "shoes close-up":
            seen = shoe_tags(figure)
    return ["1girl", figure.framing, *seen, ground]


def caption(figure: Figure, rng: np.random.Generator | None = None, drop: float = 0.0) -> str:
    """One caption; with `rng`, tags after the first two are shuffled and each dropped with probability `drop`."""
    words = tags(figure)
    if rng is None:
        return ", ".join(words)
    rest = [w for w in words[2:] if rng.random() >= drop]
    rng.shuffle(rest)
    return ", ".join([*words[:2], *rest])
