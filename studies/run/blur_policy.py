"""Which images may show a figure with little clothing: dashboards blur them until a person asks for them."""

from __future__ import annotations

from typing import Final

from scorers.observe.observation import Observation

BARE: Final = "bare"
"""The attribute of a stored trial by which optuna-dashboard's pictures are blurred."""
COVER: Final = 0.04
"""Clothing in squares of the figure's height, below which much skin may show. A body seen from the front is about 0.2 of them, a
short dress 0.06, a bikini 0.015."""
CHEST, HIPS = 0.28, 0.38
"""Figure heights below the middle of the head: clothing that begins lower leaves the chest bare, that ends higher the hips."""
EDGE: Final = 0.97
"""Share of the image's height from which on a figure is cut by the image's edge, and its clothing with it."""


def little_clothing(observation: Observation) -> bool:
    """Whether an image may show a figure with little clothing: none was found, too little of it, or none on chest or hips.

    Of several figures, whether any may. It errs on the side of blurring. A failed image shows nobody.
    """
    if observation.failed:
        return False
    if observation.figures:
        return any(map(little_clothing, observation.figures.values()))
    region, height = observation.regions.get("clothing"), observation.height
    if region is None or height <= 0:
        return True
    width, tall = observation.size
    if region.area * width / tall < COVER * height**2:
        return True
    heads = observation.points.get("head", ())
    if not heads:
        return False
    _, top, _, bottom = region.box
    chin = min(y for _, y in heads)
    return top - chin > CHEST * height or (bottom < EDGE and bottom - chin < HIPS * height)
