"""Optuna's samplers: they see one objective, the cost, and named constraints."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from optimizer.point import Point
from optimizer.search.judged_point import Judged
from optimizer.search.samplers.base import SamplerSettings
from optimizer.search.space import Space

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

OptunaName = Literal["gp", "tpe", "nsga2", "random"]
ATTEMPTS: Final = 4
DESIGN_LEVELS: Final = (0.8, 0.6)


@dataclass(frozen=True)
class OptunaSampler:
    """Replays the history into a study in memory and asks it once. Deterministic: the state follows from seed and history.

    "gp" is Optuna's Gaussian process with constrained expected improvement (Gardner et al. 2014).
    """

    name: OptunaName = "gp"
    seed: int = 0
    design: tuple[float, ...] = DESIGN_LEVELS
    min_saving: ClassVar[float | None] = None

    def propose(self, space: Space, history: Sequence[Judged]) -> Point:
        """A point that was not drawn yet, if one turns up within ATTEMPTS; else one that was."""
        drawn = {j.point.key() for j in history}
        point = history[-1].point
        for attempt in range(ATTEMPTS):
            point = self._ask(space, history, attempt)
            if point.key() not in drawn:
                break
        return point

    def _ask(self, space: Space, history: Sequence[Judged], attempt: int) -> Point:
        import optuna

        sampler = _sampler(self.name, self.seed + 1000 * attempt + len(history))
        replayed = optuna.create_study(direction="minimize", sampler=sampler)
        distributions = space.distributions()
        for judged in history:
            replayed.enqueue_trial(space.params(space.from_params(space.params(judged.point))))
            trial = replayed.ask(distributions)
            for name, violation in judged.violations.items():
                trial.set_constraint(name, violation)
            replayed.tell(trial, judged.cost)
        return space.from_params(replayed.ask(distributions).params)


def make_gp(settings: SamplerSettings) -> OptunaSampler:
    """For the registry, as are the others."""
    return OptunaSampler("gp", settings.seed)


def make_tpe(settings: SamplerSettings) -> OptunaSampler:
    return OptunaSampler("tpe", settings.seed)


def make_nsga2(settings: SamplerSettings) -> OptunaSampler:
    return OptunaSampler("nsga2", settings.seed)


def make_random(settings: SamplerSettings) -> OptunaSampler:
    return OptunaSampler("random", settings.seed)


def _sampler(name: OptunaName, seed: int) -> BaseSampler:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        match name:
            case "gp":
                return optuna.samplers.GPSampler(seed=seed, n_startup_trials=1, deterministic_objective=True)
            case "tpe":
                return optuna.samplers.TPESampler(seed=seed, n_startup_trials=4, multivariate=True)
            case "nsga2":
                return optuna.samplers.NSGAIISampler(seed=seed, population_size=8)
            case "random":
                return optuna.samplers.RandomSampler(seed=seed)
