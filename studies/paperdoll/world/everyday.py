"""Random everyday figures: what the base is trained on. None of them wears a product or has its marks."""

from __future__ import annotations

from typing import Final

import numpy as np

from studies.paperdoll.world import catalogue, palette
from studies.paperdoll.world.figure import MOUTHS, Arms, Figure, Framing, Pose
from studies.paperdoll.world.wardrobe import pick, random_garment, random_identity, random_shoes

KNOWN: Final = 0.4
"""How often a figure is a person of the catalogue, wears a garment of it, or shoes."""
ARMS_OFTEN: Final[tuple[Arms, ...]] = (
    *("arms down",) * 7, *("arms spread",) * 8, *("one arm raised",) * 5, *("arms behind back",) * 2, *("hands in pockets",) * 2,
)  # fmt: skip


def random_pose(rng: np.random.Generator, framing: Framing = "full body") -> Pose:
    return Pose(
        arms=pick(rng, ARMS_OFTEN),
        mouth=pick(rng, MOUTHS),
        dx=float(rng.uniform(-2, 2)),
        dy=float(rng.uniform(-1, 1)),
        scale=float(rng.uniform(0.97, 1.01)),
        lean=float(rng.uniform(-1.5, 1.5)),
        raised=pick(rng, ("left", "right")),
        sitting=framing == "full body" and bool(rng.random() < 0.12),
    )


def random_figure(rng: np.random.Generator, framing: Framing = "full body") -> Figure:
    """An everyday figure: never a product, hands whole, two feet."""
    return Figure(
        identity=pick(rng, tuple(catalogue.people().values())) if rng.random() < KNOWN else random_identity(rng),
        garment=pick(rng, tuple(catalogue.garments().values())) if rng.random() < KNOWN else random_garment(rng),
        shoes=pick(rng, tuple(catalogue.shoes().values())) if rng.random() < KNOWN else random_shoes(rng),
        pose=random_pose(rng, framing),
        ground=pick(rng, tuple(palette.GROUND)),
        floor=bool(rng.random() < 0.25),
        framing=framing,
        camera=(float(rng.uniform(-2, 2)), float(rng.uniform(-2, 2)), float(rng.uniform(0.96, 1.06))),
    )
