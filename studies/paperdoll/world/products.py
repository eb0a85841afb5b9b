"""The products that the base has never seen, and the features by which a person would know each.

Each is a face, a garment or shoes; `without` removes features, for truth about products that are shown in part.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, Literal

from studies.paperdoll.world.figure import Figure, Garment, Identity, Mark, Shoes

Product = Literal["myface", "testdress", "myshoes", "newface", "sleevedress", "mycoat", "mysandals"]

WORN: Final[dict[Product, Identity | Garment | Shoes]] = {
    "myface": Identity("pale", "teal", "twintails", "brown", blush=True, mole=True, pin=Mark("star", "yellow")),
    "newface": Identity("tan", "lime", "hair bun", "blue", glasses=True, freckles=True, pin=Mark("heart", "red")),
    "testdress": Garment("dress", "pink", "pink", straps="black", belt="black", hem="white", emblem=Mark("heart", "yellow")),
    "sleevedress": Garment("dress", "blue", "blue", "striped", "long", collar="red", buttons="yellow"),
    "mycoat": Garment("coat", "green", "green", "plain", "long", belt="purple", hem="black", collar="orange", buttons="white"),
    "myshoes": Shoes("boots", "white", soles="red", dots="blue"),
    "mysandals": Shoes("sandals", "yellow", soles="purple", dots="red"),
}

_GONE: Final[dict[Product, dict[str, dict[str, Any]]]] = {
    "myface": {
        "teal twintails": {"hair": "brown", "style": "short hair"},
        "star pin": {"pin": None},
        "blush": {"blush": False},
        "mole": {"mole": False},
    },
    "newface": {
        "lime bun": {"hair": "brown", "style": "short hair"},
        "heart pin": {"pin": None},
        "freckles": {"freckles": False},
        "glasses": {"glasses": False},
    },
    "testdress": {
        "pink": {"upper": "grey", "lower": "grey"},
        "black straps": {"straps": None},
        "black belt": {"belt": None},
        "yellow heart": {"emblem": None},
        "white hem": {"hem": None},
    },
    "sleevedress": {
        "blue": {"upper": "grey", "lower": "grey"},
        "stripes": {"pattern": "plain"},
        "blue sleeves": {"sleeves": "none"},
        "red collar": {"collar": None},
        "yellow buttons": {"buttons": None},
    },
    "mycoat": {
        "green": {"upper": "grey", "lower": "grey"},
        "purple belt": {"belt": None},
        "black hem": {"hem": None},
        "orange collar": {"collar": None},
        "white buttons": {"buttons": None},
    },
    "myshoes": {"white boots": {"colour": "grey"}, "red soles": {"soles": None}, "blue dot": {"dots": None}},
    "mysandals": {"yellow sandals": {"colour": "grey"}, "purple soles": {"soles": None}, "red dot": {"dots": None}},
}
"""The changes that remove each feature."""

FEATURES: Final[dict[Product, tuple[str, ...]]] = {product: tuple(gone) for product, gone in _GONE.items()}
QUARREL: Final[tuple[Product, Product]] = ("testdress", "mycoat")
"""Two that nobody can wear at once: their LoRAs want the same place in different colours."""
OUTFIT: Final[tuple[Product, ...]] = ("myface", "testdress", "myshoes")
"""The three of the demo."""


def wear(figure: Figure, *products: Product, without: frozenset[str] = frozenset()) -> Figure:
    """The same figure in the given products, less the features in `without`."""
    for product in products:
        worn: Any = WORN[product]
        for feature, change in _GONE[product].items():
            if feature in without:
                worn = replace(worn, **change)
        field = {Identity: "identity", Garment: "garment", Shoes: "shoes"}[type(worn)]
        figure = replace(figure, **{field: worn})
    return figure
