"""Every registered sampler, and the fake one, by the conformance suite."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from functools import partial

import pytest

from optimizer.search.least_weight.sampler import LeastWeight
from optimizer.search.samplers.base import PredictingSampler
from optimizer.search.samplers.coarse_to_fine import CoarseToFine
from optimizer.search.samplers.optuna_samplers import DESIGN_LEVELS
from optimizer.search.samplers.registry import make_sampler, sampler_names
from optimizer.testing.fake_sampler import make_diagonal
from optimizer.testing.sampler_conformance import (
    CHECKS,
    PLAIN,
    STEP,
    Check,
    Factory,
    check_never_proposes_a_drawn_point,
    judge,
    settings_for,
)
from studies.search.section import SearchSection

FACTORIES: dict[str, Factory] = {name: partial(make_sampler, name) for name in sampler_names()} | {"fake": make_diagonal}


@pytest.mark.filterwarnings("ignore:invalid value encountered in divide:RuntimeWarning")
@pytest.mark.parametrize("name", FACTORIES)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_conforms(check: Check, name: str) -> None:
    check(FACTORIES[name])


@pytest.mark.parametrize("name", ["least-weight", "grid"])
def test_never_proposes_a_drawn_point(name: str) -> None:
    check_never_proposes_a_drawn_point(FACTORIES[name])


def test_the_names_of_a_study_file_are_those_of_the_registry() -> None:
    assert SearchSection().sampler == sampler_names()[0]
    for name in sampler_names():
        assert SearchSection.model_validate({"sampler": name}).sampler == name
    assert SearchSection.model_json_schema()["properties"]["sampler"]["enum"] == list(sampler_names())
    with pytest.raises(ValueError, match="'least-weight', 'gp', 'tpe', 'nsga2', 'random' or 'grid'"):
        SearchSection.model_validate({"sampler": "simplex"})


def test_settings_reach_the_samplers() -> None:
    settings = settings_for(PLAIN)
    least_weight, grid = make_sampler("least-weight", settings), make_sampler("grid", settings)
    assert isinstance(least_weight, LeastWeight)
    assert isinstance(least_weight, PredictingSampler)
    assert (least_weight.seed, least_weight.design) == (3, ())
    assert least_weight.min_saving == pytest.approx(0.2 * STEP)
    assert make_sampler("least-weight", replace(settings, min_saving=0.03)).min_saving == 0.03
    assert grid == CoarseToFine(judge(PLAIN, 0.4).point, ("face", "dress"))
    assert (make_sampler("gp", settings).design, make_sampler("gp", settings).min_saving) == (DESIGN_LEVELS, None)
    with pytest.raises(KeyError):
        make_sampler("simplex", settings)


def test_reading_a_study_file_imports_no_sampler() -> None:
    code = "import sys, studies.spec; print([m for m in ('optuna', 'numpy', 'scipy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
