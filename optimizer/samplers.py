"""The samplers that a study may name. Optuna's see one objective, the known cost, and the requirements as constraints."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from optimizer.point import Point
from optimizer.search import DESIGN_LEVELS, Judged, Sampler
from optimizer.space import Space

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

OptunaName = Literal["gp", "tpe", "nsga2", "random"]
SamplerName = Literal["least-weight", "gp", "tpe", "nsga2", "random", "grid"]
ATTEMPTS = 4


def sampler_for(
    name: SamplerName,
    space: Space,
    start: Point,
    *,
    seed: int = 0,
    worth: float = 0.001,
    together: tuple[str, ...] = (),
    require: Mapping[str, float] | None = None,
    earlier: Sequence[Sequence[Judged]] = (),
) -> Sampler:
    """`worth` is the least saving of weight that "least-weight" draws an image for, `earlier` the trials of other seeds that it
    learns from, `require` what each LoRA's calibrated score must reach; `together` are the weights of the first of "grid"'s."""
    match name:
        case "least-weight":
            from optimizer.earlier import priors_from
            from optimizer.least_weight import LeastWeight

            return LeastWeight(priors_from(space, earlier, require=require, seed=seed), seed, worth)
        case "grid":
            from optimizer.coarse_to_fine import CoarseToFine

            return CoarseToFine(start, together or tuple(space.weights)[:2])
        case _:
            return OptunaSampler(name, seed)


def design_for(name: SamplerName) -> tuple[float, ...]:
    """The levels drawn after the start before the sampler is asked: it needs none where it knows what to expect."""
    return () if name in ("least-weight", "grid") else DESIGN_LEVELS


@dataclass(frozen=True)
class OptunaSampler:
    """Replays the history into a study in memory and asks it once. Deterministic: the state follows from seed and history.

    "gp" is Optuna's Gaussian process with constrained expected improvement (Gardner et al. 2014).
    """

    name: OptunaName = "gp"
    seed: int = 0

    def propose(self, space: Space, history: Sequence[Judged]) -> Point:
        """A point that was not drawn yet, if one turns up within a few attempts; else one that was."""
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
        view = optuna.create_study(direction="minimize", sampler=sampler)
        distributions = space.distributions()
        for judged in history:
            view.enqueue_trial(space.params(judged.point))
            trial = view.ask(distributions)
            for name, margin in judged.margins.items():
                trial.set_constraint(name, margin)
            view.tell(trial, judged.cost)
        return space.from_params(view.ask(distributions).params)


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
