"""What the least-weight sampler is measured against, each asked for one point after the other of a landscape.

A yardstick is fed every judged point once and keeps its own state; a study's searches rebuild theirs from the trials each time.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from models.errors import InputError
from optimizer.coarse_to_fine import CoarseToFine
from optimizer.landscape import Problem
from optimizer.point import Point
from optimizer.search import Judged

PENALTY = 3.0
"""Cost of one unit of unmet margin, for samplers that know no constraints. Not tuned yet."""


class Yardstick(Protocol):
    def ask(self) -> Point | None: ...

    def tell(self, judged: Judged) -> None: ...


Maker = Callable[[Problem, int], Yardstick]


class ByOptuna:
    """`make` gives Optuna's sampler for a seed. The known cost is the objective, margins are the constraints."""

    def __init__(self, problem: Problem, sampler: Any) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.space = problem.space
        self.study = optuna.create_study(direction="minimize", sampler=sampler)
        self.asked: Any = None

    def ask(self) -> Point | None:
        self.asked = self.study.ask(self.space.distributions())
        return self.space.from_params(self.asked.params)

    def tell(self, judged: Judged) -> None:
        trial, self.asked = self.asked, None
        if trial is None:
            self.study.enqueue_trial(self.space.params(judged.point))
            trial = self.study.ask(self.space.distributions())
        for name, margin in judged.margins.items():
            trial.set_constraint(name, margin)
        self.study.tell(trial, judged.cost)


def tpe(problem: Problem, seed: int) -> Yardstick:
    import optuna

    return ByOptuna(problem, quiet(lambda: optuna.samplers.TPESampler(seed=seed, n_startup_trials=4, multivariate=True)))


def gp(problem: Problem, seed: int) -> Yardstick:
    import optuna

    return ByOptuna(
        problem, quiet(lambda: optuna.samplers.GPSampler(seed=seed, n_startup_trials=1, deterministic_objective=True))
    )


def nsga2(problem: Problem, seed: int) -> Yardstick:
    import optuna

    return ByOptuna(problem, optuna.samplers.NSGAIISampler(seed=seed, population_size=8))


def random(problem: Problem, seed: int) -> Yardstick:
    import optuna

    return ByOptuna(problem, optuna.samplers.RandomSampler(seed=seed))


def quiet(make: Callable[[], Any]) -> Any:
    import optuna

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return make()


class ByNevergrad:
    """NGOpt on cost plus an L1 penalty on what is not met, as LoraHub weighs its LoRAs (Huang et al. 2023)."""

    def __init__(self, problem: Problem, seed: int) -> None:
        try:
            import nevergrad as ng
        except ImportError as error:
            raise InputError(
                "nevergrad is not installed", "NGOpt", "pip install nevergrad, or name the others by --only"
            ) from error
        self.space = problem.space
        low = np.array([a.low for a in self.space.weights.values()])
        high = np.array([a.high for a in self.space.weights.values()])
        start = np.array([problem.start.weights[n] for n in self.space.weights])
        self.form = ng.p.Array(init=start).set_bounds(low, high)
        self.form.random_state.seed(seed)
        self.optimizer = ng.optimizers.NGOpt(parametrization=self.form, budget=200)
        self.asked: Any = None

    def ask(self) -> Point | None:
        try:
            self.asked = self.optimizer.ask()
        except TypeError as error:  # nevergrad 1.0.12 turns one-element arrays into numbers, which numpy 2.4 refuses
            raise InputError("nevergrad fails with this numpy", "NGOpt", "use a numpy below 2.4 for it") from error
        return self.space.point(dict(zip(self.space.weights, (float(v) for v in self.asked.value), strict=True)))

    def tell(self, judged: Judged) -> None:
        asked, self.asked = self.asked, None
        if asked is None:
            asked = self.form.spawn_child(new_value=np.array([judged.point.weights[n] for n in self.space.weights]))
        self.optimizer.tell(asked, judged.cost + PENALTY * sum(max(0.0, m) for m in judged.margins.values()))


class ByEye:
    """The tutorial's grids: all but the face together, then the face."""

    def __init__(self, problem: Problem, seed: int) -> None:
        together = tuple(n for n in problem.space.weights if n != "face")[:2]
        self.problem, self.grids, self.history = problem, CoarseToFine(problem.start, together), list[Judged]()

    def ask(self) -> Point | None:
        return self.grids.propose(self.problem.space, self.history)

    def tell(self, judged: Judged) -> None:
        self.history.append(judged)


class Xyz:
    """Every point in the order in which an XYZ plot draws them."""

    def __init__(self, problem: Problem, seed: int) -> None:
        self.points = self._points(problem)

    def _points(self, problem: Problem) -> Iterator[Point]:
        for row in itertools.product(*problem.landscape.levels.values()):
            yield problem.space.point(dict(zip(problem.landscape.levels, row, strict=True)))

    def ask(self) -> Point | None:
        return next(self.points, None)

    def tell(self, judged: Judged) -> None:
        """It draws all, whatever comes."""


YARDSTICKS: dict[str, Maker] = {
    "grids": ByEye,
    "xyz": Xyz,
    "random": random,
    "nsga2": nsga2,
    "ngopt": ByNevergrad,
    "tpe": tpe,
    "gp": gp,
}


def images_to_pick(problem: Problem, make: Maker, seed: int, design: Sequence[Point], most: int) -> int | None:
    """Distinct points drawn until one is feasible within 0.1 of the optimum, the design among them; None for a miss in `most`."""
    yardstick, drawn = make(problem, seed), dict[tuple[object, ...], Judged]()
    planned = iter(design)
    repeats = 0
    while len(drawn) < most and repeats < 50:
        point = next(planned, None)
        point = yardstick.ask() if point is None else point
        if point is None:
            return None
        known = drawn.get(point.key())
        repeats = 0 if known is None else repeats + 1
        judged = known or problem.judge(point)
        drawn[point.key()] = judged
        if problem.is_pick(judged):
            return len(drawn)
        yardstick.tell(judged)
    return None
