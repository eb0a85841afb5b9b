"""The least-weight search as an ordinary Optuna sampler, for studies of one's own whose parameters are LoRA weights.

    study = optuna.create_study(sampler=LeastWeightSampler(space))
    trial = study.ask(space.distributions())          # weights (and "cfg") by name
    trial.set_constraint("dress", 0.1)                # violated above 0
    study.tell(trial, space.cost(point))

The objective must be the space's own cost; trials that run meanwhile count as if they had come out as expected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from optuna.samplers import BaseSampler
from optuna.trial import TrialState

from optimizer.point import Point
from optimizer.search.judged_point import Judged, best
from optimizer.search.kriging_believer import with_pending
from optimizer.search.least_weight.acquisition import choose
from optimizer.search.least_weight.fit import Priors, fit_surrogates
from optimizer.search.least_weight.sampler import LeastWeight
from optimizer.search.least_weight.transfer_prior import priors_from
from optimizer.search.space import Space

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial


class LeastWeightSampler(BaseSampler):
    """Deterministic for its seed and the study's trials. `priors` come from optimizer.search.least_weight.transfer_prior; by
    default they are those of a first seed."""

    def __init__(self, space: Space, *, priors: Priors | None = None, seed: int = 0) -> None:
        self._space = space
        self._sampler = LeastWeight(priors or priors_from(space, []), seed)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self._space.distributions()

    def sample_relative(self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]) -> dict[str, Any]:
        judged = [self._judged(t) for t in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))]
        running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        pending = [self._point(t.params) for t in running if t.number != trial.number and t.params]
        history = with_pending(self._space, judged, pending, self._sampler, {})
        surrogates = fit_surrogates(self._space, history, self._sampler.priors, self._sampler.seed)
        choice = choose(self._space, history, surrogates, seed=self._sampler.seed)
        return self._space.params(choice.point if choice else self._fallback(history))

    def sample_independent(self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution) -> Any:
        raise ValueError(f"{param_name} is no weight of this search: name it in the space, or fix it")

    def _fallback(self, history: Sequence[Judged]) -> Point:
        """Optuna asks for a point even where nothing is left to draw: the best again."""
        found = best(history)
        return found.point if found else history[-1].point

    def _point(self, params: Mapping[str, Any]) -> Point:
        return self._space.from_params(params)

    def _judged(self, trial: FrozenTrial) -> Judged:
        point = self._point(trial.params)
        return Judged(point, self._space.cost(point), dict(trial.constraints))
