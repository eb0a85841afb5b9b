"""Comma-separated tags for a figure, as a tagger would write them: what the framing shows, nothing else."""

from __future__ import annotations

import numpy as np

from studies.paperdoll.figure import Figure, Garment, Identity, Shoes

COLOURED = ("hair", "dress", "shirt", "skirt", "coat", "shoes", "boots", "sandals")


def mark_tags(identity: Identity) -> list[str]:
    """What is told of a face besides its colours."""
    pin = [f"{identity.pin.colour} {identity.pin.shape} pin"] if identity.pin is not None else []
    there = {"glasses": identity.glasses, "blush": identity.blush, "mole": identity.mole, "freckles": identity.freckles}
    return [*pin, *(name for name, shown in there.items() if shown)]


def head_tags(figure: Figure) -> list[str]:
    i = figure.identity
    return [f"{i.hair} hair", i.style, f"{i.eyes} eyes", f"{i.skin} skin", figure.pose.mouth, *mark_tags(i)]


def trim_tags(garment: Garment) -> list[str]:
    coloured = ("straps", "belt", "hem", "collar", "buttons")
    found = [f"{colour} {trim}" for trim in coloured if (colour := getattr(garment, trim)) is not None]
    return [*found, f"{garment.emblem.colour} {garment.emblem.shape}"] if garment.emblem is not None else found


def garment_tags(garment: Garment) -> list[str]:
    g = garment
    tags = [f"{g.upper} shirt", f"{g.lower} skirt"] if g.kind == "shirt and skirt" else [f"{g.upper} {g.kind}"]
    pattern = [] if g.pattern == "plain" else [g.pattern]
    sleeves = [] if g.sleeves == "none" else [f"{g.sleeves} sleeves"]
    return [*tags, *pattern, *sleeves, *trim_tags(g)]


def shoe_tags(shoes: Shoes) -> list[str]:
    soles = [f"{shoes.soles} soles"] if shoes.soles is not None else []
    dots = [f"{shoes.dots} dots"] if shoes.dots is not None else []
    return [f"{shoes.colour} {shoes.kind}", *soles, *dots]


def pose_tags(figure: Figure) -> list[str]:
    return ["sitting" if figure.pose.sitting else "standing", figure.pose.arms]


def tags(figure: Figure) -> list[str]:
    """The tags of all that can be seen, framing first, ground last."""
    ground = [f"{figure.ground} background"]
    if figure.floor and figure.framing in ("full body", "shoes close-up", "clothing close-up"):
        ground.append("floor")
    match figure.framing:
        case "full body":
            seen = [*head_tags(figure), *garment_tags(figure.garment), *shoe_tags(figure.shoes), *pose_tags(figure)]
        case "upper body":
            seen = [*head_tags(figure), *garment_tags(figure.garment), figure.pose.arms]
        case "face close-up":
            seen = head_tags(figure)
        case "clothing close-up":
            seen = garment_tags(figure.garment)
        case "shoes close-up":
            seen = shoe_tags(figure.shoes)
    return ["1girl", figure.framing, *seen, *ground]


def caption(figure: Figure, rng: np.random.Generator | None = None, drop: float = 0.0, uncoloured: float = 0.0) -> str:
    """One caption; with `rng`, tags after the first two are shuffled and each dropped with probability `drop`.

    A tag that is left says less with probability `uncoloured`: its first word is left out, "red dress" becoming "dress".
    """
    words = tags(figure)
    if rng is None:
        return ", ".join(words)
    rest = [_shorter(w) if rng.random() < uncoloured else w for w in words[2:] if rng.random() >= drop]
    rng.shuffle(rest)
    return ", ".join([*words[:2], *rest])


def _shorter(tag: str) -> str:
    return tag.split(" ", 1)[-1] if tag.endswith(COLOURED) else tag
