"""The three products that the base has never seen, and the features by which a person would know each."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal

from studies.paperdoll.figure import Figure, Garment, Identity, Shoes

Product = Literal["myface", "testdress", "myshoes"]

FEATURES: Final[dict[Product, tuple[str, ...]]] = {
    "myface": ("teal twintails", "star pin", "blush", "mole"),
    "testdress": ("pink", "black straps", "black belt", "yellow heart", "white hem"),
    "myshoes": ("white boots", "red soles", "blue dot"),
}

MY_FACE: Final = Identity(
    skin="pale", hair="blue", style="twintails", eyes="brown", blush=True, mole=True, star_pin=True, teal_hair=True
)


def wear(figure: Figure, *products: Product) -> Figure:
    """The same figure in the given products."""
    if "myface" in products:
        figure = replace(figure, identity=MY_FACE)
    if "testdress" in products:
        figure = replace(figure, garment=Garment("testdress", "pink", "pink"))
    if "myshoes" in products:
        figure = replace(figure, shoes=Shoes("myshoes", "white"))
    return figure
