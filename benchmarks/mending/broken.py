"""Pictures of the lab's studies whose hands are broken: points of the landscapes near the top of the LoRAs' weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from benchmarks.search.draw_landscapes import TABLES
from optimizer.point import Point
from optimizer.testing.landscape import Landscape, read_landscape
from scorers.score.hands import HANDS
from studies.paperdoll.study import DEMO, OTHER, LabStudy

TOLERANCE: Final = 0.3
"""What the lab's studies allow hands to be worse than the locked image's."""
STUDIES: Final = (DEMO, OTHER)


def broken_points(of_each: int) -> Iterator[tuple[LabStudy, int, list[Point]]]:
    """By study and seed, at most `of_each` points of its landscape where hands are broken, spread from the largest total weight
    down; seeds without any are left out."""
    for study in STUDIES:
        for path in sorted(TABLES.glob(f"{study.name}-*.npz")):
            if not path.stem.removeprefix(f"{study.name}-").isdigit():
                continue
            landscape = read_landscape(path).plane()
            points = _broken(landscape)
            if points:
                places = np.unique(np.linspace(0, len(points) - 1, of_each).round().astype(int))
                yield study, landscape.seed, [points[place] for place in places]


def _broken(landscape: Landscape) -> list[Point]:
    """Those with broken hands, the heaviest first."""
    names = list(landscape.levels)
    found = [
        Point({name: landscape.levels[name][i] for name, i in zip(names, index, strict=True)}, landscape.cfg)
        for index in np.argwhere(landscape.whole[HANDS.name] > TOLERANCE)
    ]
    return sorted(found, key=lambda point: -sum(point.weights.values()))
