"""Where the things that captions name are: places on the grids of clothing, shoes and heads, as shares of rows and columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from models.lora_kinds import ScoredKind

WHOLE: Final = (0.0, 1.0)


@dataclass(frozen=True)
class Place:
    """`rows` from the top and `sides` from the middle outwards, in [0, 1] each. A pattern or a face's mark has no colour in its
    name: it is whatever the photos share there that nothing else names."""

    rows: tuple[float, float] = WHOLE
    sides: tuple[float, float] = WHOLE
    bare: bool = False
    """Whether it may be named without a colour."""


def _same(place: Place, *words: str) -> dict[str, Place]:
    return dict.fromkeys(words, place)


PLACES: Final[dict[ScoredKind, dict[str, Place]]] = {
    "clothing": {
        **_same(Place(), "dress", "coat", "jacket", "kimono", "robe", "cape", "uniform", "jumpsuit", "bodysuit", "swimsuit"),
        **_same(Place(), "hoodie", "sweater", "cardigan", "apron", "vest", "armour", "armor", "suit", "cloak", "gown", "leotard"),
        **_same(Place((0.0, 0.6)), "shirt", "top", "blouse", "t-shirt", "camisole", "bodice"),
        **_same(Place((0.4, 1.0)), "skirt", "pants", "shorts", "trousers", "jeans", "leggings"),
        **_same(Place((0.0, 0.4)), "straps", "strap", "suspenders", "shoulders"),
        **_same(Place((0.0, 0.25)), "collar", "neckline", "neckerchief", "scarf", "necktie", "bowtie", "choker", "capelet"),
        **_same(Place((0.28, 0.62)), "belt", "sash", "waistband", "obi", "corset"),
        **_same(Place((0.8, 1.0)), "hem", "trim", "frills", "ruffles", "lace"),
        **_same(Place(sides=(0.0, 0.45)), "buttons", "button", "zipper", "tie", "brooch"),
        **_same(Place(), "heart", "star", "circle", "emblem", "print", "logo", "bow", "ribbon", "flower", "pocket", "pockets"),
        **_same(Place(bare=True), "striped", "stripes", "dotted", "dots", "polka", "plaid", "checkered", "floral"),
    },
    "shoes": {
        **_same(Place(), "shoes", "boots", "sandals", "sneakers", "heels", "loafers", "slippers", "footwear", "socks"),
        **_same(Place((0.7, 1.0)), "soles", "sole", "heel"),
        **_same(Place((0.0, 0.7)), "laces", "shoelaces", "buckle", "buckles", "straps", "strap", "bow", "bows", "cuffs"),
        **_same(Place(), "dots", "dot", "star", "stars", "heart", "hearts", "logo", "stripe", "stripes"),
    },
    "face": {
        **_same(Place(), "hair", "pin", "hairpin", "hairclip", "ribbon", "bow", "hairband", "headband", "hat", "flower"),
        **_same(Place((0.55, 0.8), (0.08, 0.35), bare=True), "blush"),
        **_same(Place((0.42, 0.68), (0.0, 0.45), bare=True), "glasses"),
        **_same(Place((0.45, 0.65), (0.0, 0.35)), "eyes"),
    },
}
"""By the last word of a tag."""
