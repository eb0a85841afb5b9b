"""The tutorial's grids and the words about why a search ended."""

from __future__ import annotations

from dataclasses import replace

from optimizer.point import Point
from optimizer.search.judged_point import Judged
from optimizer.search.proof import lowered
from optimizer.search.samplers.base import Forecast
from optimizer.search.samplers.coarse_to_fine import CoarseToFine
from optimizer.search.space import Axis, Space
from optimizer.search.stopping import why_stopped

GRID = Space({n: Axis(0.0, 1.0, 0.1) for n in ("face", "dress", "shoes")}, given_cfg=5.0)
START = GRID.point({"face": 0.7, "dress": 0.4, "shoes": 0.4})


def judge(point: Point) -> Judged:
    violations = {n: end - point.weights[n] for n, end in (("face", 0.6), ("dress", 0.5), ("shoes", 0.3))}
    return Judged(point, GRID.cost(point), violations)


def drawn(grid: Space, most: int) -> list[Judged]:
    history: list[Judged] = []
    grids = CoarseToFine(replace(START), ("dress", "shoes"))
    while len(history) < most:
        point = grids.propose(grid, history)
        if point is None:
            break
        history.append(judge(point))
    return history


def test_first_a_grid_of_both_garments_around_the_start_with_the_face_as_it_is() -> None:
    first = drawn(GRID, 9)
    assert {j.point.weights["face"] for j in first} == {0.7}
    pairs = {(j.point.weights["dress"], j.point.weights["shoes"]) for j in first}
    assert pairs == {(a, b) for a in (0.2, 0.4, 0.6) for b in (0.2, 0.4, 0.6)}


def test_ends_at_the_least_weights_of_a_plain_world_and_draws_nothing_twice() -> None:
    history = drawn(GRID, 200)
    assert len({j.point.key() for j in history}) == len(history) < 200
    cheapest = min((j for j in history if j.feasible), key=lambda j: j.cost)
    assert cheapest.point.weights == {"face": 0.6, "dress": 0.5, "shoes": 0.3}


def test_cfg_is_looked_at_beside_the_face() -> None:
    history = drawn(replace(GRID, cfg=Axis(4.0, 6.0, 0.5)), 200)
    assert len({j.point.cfg for j in history}) > 1


def test_the_reason_for_the_end_is_told() -> None:
    pick = judge(GRID.point({"face": 0.6, "dress": 0.5, "shoes": 0.3}))
    below = [lowered(GRID, pick.point, n, 1) for n in pick.point.weights]
    history = [pick, *(judge(p) for p in below if p is not None)]
    assert "budget of 4 images" in why_stopped(GRID, history, budget=4, min_saving=None)
    assert "budget of 6 images is used up, 2 of them for robustness" in why_stopped(
        GRID, history, budget=6, min_saving=None, robustness_images=2
    )
    assert why_stopped(GRID, history, budget=9, min_saving=None, robustness_images=2) == "the proof is complete"
    assert "less than 0.02 of weight" in why_stopped(GRID, history, budget=9, min_saving=0.02)
    told = why_stopped(GRID, history, budget=4, min_saving=0.02, forecast=Forecast(0.4, 0.0312))
    assert told == "the budget of 4 images is used up; another image is expected to save 0.031 of weight"
    nothing = [j for j in history if not j.feasible]
    assert "is expected" not in why_stopped(GRID, nothing, budget=3, min_saving=0.02, forecast=Forecast(0.4, None))
    assert "no point left" in why_stopped(GRID, nothing, budget=9, min_saving=0.02)
    # Images at lower neighbours stand for no point of their own: the budget ends with them too.
    assert "budget of 9 images is used up" in why_stopped(GRID, history, budget=9, min_saving=0.02, images=9)
