"""The kriging believer (Ginsbourger et al. 2010): images that are being drawn count as if they had come out as expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from optimizer.point import Point
from optimizer.search.judged_point import Judged
from optimizer.search.samplers.base import PredictingSampler, Sampler
from optimizer.search.space import Space


def with_pending(
    space: Space, history: Sequence[Judged], pending: Sequence[Point], sampler: Sampler, require: Mapping[str, float]
) -> list[Judged]:
    """The history and each pending point in turn, at the violations expected given all before it.

    They are pending: what is only expected to be feasible is not the best. The sampler's own prediction where it has one; else
    that of the least-weight surrogates of a first seed, for which `require` is the calibrated expression that each LoRA must
    reach.
    """
    predicting = sampler if isinstance(sampler, PredictingSampler) else _first_seed(space, require)
    believed = list(history)
    for point in pending:
        believed += [replace(judged, pending=True) for judged in predicting.predict(space, believed, [point])]
    return believed


def _first_seed(space: Space, require: Mapping[str, float]) -> PredictingSampler:
    from optimizer.search.least_weight.sampler import LeastWeight
    from optimizer.search.least_weight.transfer_prior import priors_from

    return LeastWeight(priors_from(space, [], require=require))
