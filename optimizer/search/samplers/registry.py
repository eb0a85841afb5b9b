"""Samplers by the names that study.yaml uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from optimizer.point import Point
from optimizer.search.judged import Judged
from optimizer.search.samplers.base import Sampler
from optimizer.search.samplers.optuna_samplers import OptunaSampler
from optimizer.search.space import Space
from optimizer.search.strategy import DESIGN_LEVELS

SamplerName = Literal["least-weight", "gp", "tpe", "nsga2", "random", "grid"]


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
            from optimizer.search.least_weight.acquisition import LeastWeight
            from optimizer.search.least_weight.transfer_prior import priors_from

            return LeastWeight(priors_from(space, earlier, require=require, seed=seed), seed, worth)
        case "grid":
            from optimizer.search.samplers.coarse_to_fine import CoarseToFine

            return CoarseToFine(start, together or tuple(space.weights)[:2])
        case _:
            return OptunaSampler(name, seed)


def design_for(name: SamplerName) -> tuple[float, ...]:
    """The levels drawn after the start before the sampler is asked: it needs none where it knows what to expect."""
    return () if name in ("least-weight", "grid") else DESIGN_LEVELS
