"""What the least-weight sampler is measured against, each asked for one point after the other of a landscape.

A yardstick is fed every judged point once and keeps its own state; a study's searches rebuild theirs from the trials each time.
FORMS holds each in several forms: requirements as constraints, as an L1 penalty on the cost, or as a second objective.
`python -m benchmarks.search --development --forms` measures them all on the development seeds; BEST is what came out
ahead.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from models.errors import InputError
from optimizer.point import Point
from optimizer.search.judged_point import Judged
from optimizer.search.samplers.coarse_to_fine import CoarseToFine
from optimizer.testing.landscape import Problem

Formulation = Literal["constraints", "penalty", "objective"]
"""How violations reach a sampler: as constraints, as a penalty on the cost, or as a second objective."""
NGOPT_PYTHON: Final = "NGOPT_PYTHON"
"""Environment variable: a Python that has nevergrad 1.0.12 and a numpy below 2.4, which it needs."""
REPEATS: Final = 50
"""Points in a row that were drawn before, after which a search has ended."""


class Yardstick(Protocol):
    def ask(self) -> Point | None: ...

    def tell(self, judged: Judged) -> None: ...


Maker = Callable[[Problem, int], Yardstick]


class ByOptuna:
    """An Optuna sampler on the cost. `penalty` is the cost of one unit of violation."""

    def __init__(self, problem: Problem, sampler: Any, formulation: Formulation, penalty: float) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.space, self.formulation, self.penalty = problem.space, formulation, penalty
        directions: list[Literal["minimize", "maximize"]] = ["minimize"] * (2 if formulation == "objective" else 1)
        self.study = optuna.create_study(directions=directions, sampler=sampler)
        self.asked: Any = None

    def ask(self) -> Point | None:
        self.asked = self.study.ask(self.space.distributions())
        return self.space.from_params(self.asked.params)

    def tell(self, judged: Judged) -> None:
        trial, self.asked = self.asked, None
        if trial is None:
            self.study.enqueue_trial(self.space.params(judged.point))
            trial = self.study.ask(self.space.distributions())
        if self.formulation == "constraints":
            for name, violation in judged.violations.items():
                trial.set_constraint(name, violation)
            self.study.tell(trial, judged.cost)
        elif self.formulation == "penalty":
            self.study.tell(trial, judged.cost + self.penalty * unmet(judged))
        else:
            self.study.tell(trial, [judged.cost, unmet(judged)])


def unmet(judged: Judged) -> float:
    return sum(max(0.0, m) for m in judged.violations.values())


def by_optuna(
    name: str, formulation: Formulation, penalty: float, settings: Mapping[str, Any], problem: Problem, seed: int
) -> Yardstick:
    import optuna

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = getattr(optuna.samplers, name)(seed=seed, **settings)
    return ByOptuna(problem, sampler, formulation, penalty)


class ByNevergrad:
    """NGOpt on cost plus an L1 penalty on what is not met, as LoraHub weighs its LoRAs (Huang et al. 2023).

    It runs in a Python of its own (benchmarks/search/others/ngopt.py), since it fails with the numpy that is used here.
    """

    def __init__(self, penalty: float, problem: Problem, seed: int) -> None:
        python = os.environ.get(NGOPT_PYTHON)
        if not python:
            raise InputError("NGOpt needs a Python of its own", NGOPT_PYTHON, "set it to one with nevergrad and numpy below 2.4")
        self.space, self.penalty, self.asked = problem.space, penalty, False
        axes = self.space.weights
        begin = {
            "low": [a.low for a in axes.values()],
            "high": [a.high for a in axes.values()],
            "start": [problem.start.weights[n] for n in axes],
            "seed": seed,
        }
        self.process = subprocess.Popen(
            [python, str(Path(__file__).with_name("ngopt.py"))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._send(begin)

    def ask(self) -> Point | None:
        self._send({"ask": True})
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise InputError("NGOpt ended", os.environ[NGOPT_PYTHON], "see what it printed")
        self.asked = True
        return self.space.point(dict(zip(self.space.weights, json.loads(line), strict=True)))

    def tell(self, judged: Judged) -> None:
        at = None if self.asked else [judged.point.weights[n] for n in self.space.weights]
        self.asked = False
        self._send({"at": at, "loss": judged.cost + self.penalty * unmet(judged)})

    def close(self) -> None:
        """Ends its process, whose threads would wait for ever."""
        self.process.kill()
        self.process.communicate()

    def _send(self, request: Mapping[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()


class ByEye:
    """The tutorial's grids: all but the face together, then the face; or, not `garments_first`, the first two LoRAs."""

    def __init__(self, garments_first: bool, problem: Problem, seed: int) -> None:
        names = list(problem.space.weights)
        together = tuple(n for n in names if "face" not in n)[:2] if garments_first else tuple(names)[:2]
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


def _optuna(name: str, formulation: Formulation, penalty: float = 0.0, **settings: Any) -> Maker:
    return partial(by_optuna, name, formulation, penalty, settings)


TPE, GP, NSGA2 = "TPESampler", "GPSampler", "NSGAIISampler"
_TPE: Final[Mapping[str, Any]] = {"n_startup_trials": 4, "multivariate": True}
_GP: Final[Mapping[str, Any]] = {"n_startup_trials": 1, "deterministic_objective": True}
FORMS: Final[Mapping[str, Mapping[str, Maker]]] = {
    "grids": {"garments first": partial(ByEye, True), "as listed": partial(ByEye, False)},
    "xyz": {"all": Xyz},
    "random": {"uniform": _optuna("RandomSampler", "constraints")},
    "nsga2": {
        "constraints, 8": _optuna(NSGA2, "constraints", population_size=8),
        "constraints, 16": _optuna(NSGA2, "constraints", population_size=16),
        "penalty 3, 8": _optuna(NSGA2, "penalty", 3.0, population_size=8),
        "objective, 8": _optuna(NSGA2, "objective", population_size=8),
    },
    "ngopt": {f"penalty {p:g}": partial(ByNevergrad, p) for p in (1.0, 3.0, 10.0)},
    "tpe": {
        "constraints": _optuna(TPE, "constraints", **_TPE),
        "penalty 1": _optuna(TPE, "penalty", 1.0, **_TPE),
        "penalty 3": _optuna(TPE, "penalty", 3.0, **_TPE),
        "objective": _optuna(TPE, "objective", **_TPE),
    },
    "gp": {
        "constraints": _optuna(GP, "constraints", **_GP),
        "penalty 1": _optuna(GP, "penalty", 1.0, **_GP),
        "penalty 3": _optuna(GP, "penalty", 3.0, **_GP),
        "objective": _optuna(GP, "objective", **_GP),
    },
}
BEST: Final[Mapping[str, str]] = {
    "grids": "as listed",
    "xyz": "all",
    "random": "uniform",
    "nsga2": "penalty 3, 8",
    "ngopt": "penalty 3",
    "tpe": "penalty 3",
    "gp": "constraints",
}


def images_to_pick(problem: Problem, make: Maker, seed: int, design: Sequence[Point], most: int) -> int | None:
    """Distinct points drawn until one is feasible within 0.1 of the optimum, the design among them; None for a miss in `most`."""
    yardstick = make(problem, seed)
    try:
        return _until_pick(problem, yardstick, design, most)
    finally:
        if isinstance(yardstick, ByNevergrad):
            yardstick.close()


def _until_pick(problem: Problem, yardstick: Yardstick, design: Sequence[Point], most: int) -> int | None:
    drawn, planned, repeats = dict[tuple[object, ...], Judged](), iter(design), 0
    while len(drawn) < most and repeats < REPEATS:
        point = next(planned, None)
        point = yardstick.ask() if point is None else point
        if point is None:
            return None
        before = drawn.get(point.key())
        repeats = 0 if before is None else repeats + 1
        judged = before or problem.judge(point)
        drawn[point.key()] = judged
        if problem.is_pick(judged):
            return len(drawn)
        yardstick.tell(judged)
    return None
