"""Picks of the lab's studies without a search: the cheapest point of each landscape that meets what the study requires."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.search.draw_landscapes import TABLES
from optimizer.point import Point
from optimizer.testing.landscape import Problem, read_landscape
from scorers.score.hands import HANDS
from studies.paperdoll.study import HANDS as TOLERANCE
from studies.paperdoll.study import REQUIRE, LabStudy


def picks(studies: Sequence[LabStudy]) -> Iterator[tuple[LabStudy, int, Point]]:
    """By study and seed whose landscape ships; seeds at which nothing is feasible are left out."""
    for study in studies:
        for path in sorted(TABLES.rglob(f"{study.name}-*.npz")):
            if path.stem.removeprefix(f"{study.name}-").isdigit():
                landscape = read_landscape(path).plane()
                problem = Problem(landscape, dict.fromkeys(landscape.levels, REQUIRE), {HANDS.name: TOLERANCE})
                point = _cheapest(problem)
                if point is not None:
                    yield study, landscape.seed, point


def _cheapest(problem: Problem) -> Point | None:
    levels = problem.landscape.levels
    feasible = np.all([violation <= 0 for violation in problem.violations.values()], axis=0)
    points = [
        Point({name: levels[name][i] for name, i in zip(levels, index, strict=True)}, problem.landscape.cfg)
        for index in np.argwhere(feasible)
    ]
    return min(points, key=problem.space.cost, default=None)
