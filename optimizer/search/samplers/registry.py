"""Samplers by the names that study.yaml uses. A sampler of one's own is a file with a factory, and a line here."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from optimizer.search.samplers.base import Sampler, SamplerSettings

FACTORIES: Final = {
    "least-weight": "optimizer.search.least_weight.sampler:make",
    "gp": "optimizer.search.samplers.optuna_samplers:make_gp",
    "tpe": "optimizer.search.samplers.optuna_samplers:make_tpe",
    "nsga2": "optimizer.search.samplers.optuna_samplers:make_nsga2",
    "random": "optimizer.search.samplers.optuna_samplers:make_random",
    "grid": "optimizer.search.samplers.coarse_to_fine:make",
}
"""`module:function`, imported on first use: reading a study file imports no sampler. The function takes SamplerSettings."""


def sampler_names() -> tuple[str, ...]:
    """The default first."""
    return tuple(FACTORIES)


def make_sampler(name: str, settings: SamplerSettings) -> Sampler:
    """Raises KeyError if no sampler has this name."""
    module, function = FACTORIES[name].split(":")
    sampler: Sampler = getattr(import_module(module), function)(settings)
    return sampler
