"""Comma-separated tags for a figure, as a tagger would write them: what the framing shows, nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np

from studies.paperdoll.world import catalogue
from studies.paperdoll.world.figure import Figure, Garment, Identity, Shoes

COLOURED = ("hair", "dress", "shirt", "skirt", "coat", "shoes", "boots", "sandals")


def mark_tags(identity: Identity) -> list[str]:
    """The tags of a face besides its colours."""
    pin = [f"{identity.pin.colour} {identity.pin.shape} pin"] if identity.pin is not None else []
    there = {"glasses": identity.glasses, "blush": identity.blush, "mole": identity.mole, "freckles": identity.freckles}
    return [*pin, *(name for name, shown in there.items() if shown)]


def person_tags(identity: Identity) -> list[str]:
    i = identity
    return [f"{i.hair} hair", i.style, f"{i.eyes} eyes", f"{i.skin} skin", *mark_tags(i)]


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


def groups(figure: Figure) -> dict[str, list[str]]:
    """The tags of all that the framing shows, by what they are of; the ground last."""
    whole, upper = figure.framing == "full body", figure.framing in ("full body", "upper body")
    found = {}
    if upper or figure.framing == "face close-up":
        found["person"] = person_tags(figure.identity)
        found["mouth"] = [figure.pose.mouth]
    if upper or figure.framing == "clothing close-up":
        found["garment"] = garment_tags(figure.garment)
    if whole or figure.framing == "shoes close-up":
        found["shoes"] = shoe_tags(figure.shoes)
    if upper:
        found["pose"] = pose_tags(figure) if whole else [figure.pose.arms]
    floor = figure.floor and figure.framing in ("full body", "shoes close-up", "clothing close-up")
    return {**found, "ground": [f"{figure.ground} background", *(["floor"] if floor else [])]}


def tags(figure: Figure) -> list[str]:
    """The tags of all that can be seen, framing first, ground last."""
    return ["1girl", figure.framing, *chain.from_iterable(groups(figure).values())]


@dataclass(frozen=True)
class Wording:
    """How captions vary: probabilities in [0, 1]."""

    drop: float = 0.0
    """That a tag is left out."""
    uncoloured: float = 0.0
    """That a tag loses its colour: "red dress" becomes "dress"."""
    named: float = 0.0
    """That what has a name in the catalogue is called by it, and most of its tags are left out."""


PLAIN: Final = Wording()
KEPT_TAGS: Final = 0.15
"""The probability of a tag that the name implies."""


def caption(figure: Figure, rng: np.random.Generator | None = None, wording: Wording = PLAIN) -> str:
    """One caption; with `rng`, tags after the first two are shuffled, and worded anew."""
    if rng is None:
        return ", ".join(tags(figure))
    chosen, names = [], catalogue.names_of(figure)
    for part, words in groups(figure).items():
        name = names.get(part)
        if name is not None and rng.random() < wording.named:
            chosen += [name, *(w for w in words if rng.random() < KEPT_TAGS)]
        else:
            chosen += [w for w in words if rng.random() >= wording.drop]
    chosen = [_shorter(w) if rng.random() < wording.uncoloured else w for w in chosen]
    rng.shuffle(chosen)
    return ", ".join(["1girl", figure.framing, *chosen])


def _shorter(tag: str) -> str:
    return tag.split(" ", 1)[-1] if tag.endswith(COLOURED) else tag
