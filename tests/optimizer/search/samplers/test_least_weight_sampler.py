"""The least-weight search as Optuna's own loop sees it."""

from __future__ import annotations

import optuna
import pytest

from optimizer.search.judged_point import Judged
from optimizer.search.samplers.least_weight_sampler import LeastWeightSampler
from optimizer.search.space import Axis, Space

GRID = Space({"dress": Axis(0.0, 1.0, 0.1), "shoes": Axis(0.0, 1.0, 0.1)}, given_cfg=5.0)


def study(seed: int = 0) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(sampler=LeastWeightSampler(GRID, seed=seed))


def objective(trial: optuna.Trial) -> float:
    weights = {n: trial.suggest_float(n, 0.0, 1.0, step=0.1) for n in GRID.weights}
    for name, end in (("dress", 0.5), ("shoes", 0.3)):
        trial.set_constraint(name, 0.7 if weights[name] < end - 1e-9 else -0.3)
    return GRID.cost(GRID.point(weights))


def test_optimize_finds_the_least_weights() -> None:
    held = study()
    held.optimize(objective, n_trials=14)
    assert held.best_value == pytest.approx(0.8)


def test_trials_asked_for_at_once_differ() -> None:
    held = study()
    held.optimize(objective, n_trials=2)
    asked = [held.ask(GRID.distributions()).params for _ in range(3)]
    assert len({tuple(sorted(p.items())) for p in asked}) == 3


def test_equal_trials_and_seeds_give_equal_points() -> None:
    points = []
    for _ in range(2):
        held = study(4)
        held.optimize(objective, n_trials=3)
        points.append(held.ask(GRID.distributions()).params)
    assert points[0] == points[1]


def test_a_parameter_outside_the_space_is_refused_by_name() -> None:
    held = study()
    trial = held.ask(GRID.distributions())
    with pytest.raises(ValueError, match="steps is no weight"):
        trial.suggest_int("steps", 10, 30)


def test_ends_with_the_best_again_where_nothing_is_left() -> None:
    held = study()
    trial = held.ask({n: optuna.distributions.FloatDistribution(0.0, 1.0, step=0.1) for n in GRID.weights})
    trial.set_constraint("dress", -1.0)
    held.tell(trial, 0.0)
    nothing = Judged(GRID.point({"dress": 0.0, "shoes": 0.0}), 0.0, {"dress": -1.0})
    held.enqueue_trial(GRID.params(nothing.point))
    zero = held.ask(GRID.distributions())
    zero.set_constraint("dress", -1.0)
    held.tell(zero, 0.0)
    assert held.ask(GRID.distributions()).params == {"dress": 0.0, "shoes": 0.0}
