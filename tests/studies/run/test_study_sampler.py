"""The sampler of a study knows the noise of its scores."""

from __future__ import annotations

from pathlib import Path

from optimizer.point import Job
from optimizer.search.least_weight.sampler import LeastWeight
from scorers.noise.copies import COPIES
from studies.observers.moved_copies import stored_copies
from studies.run.calibration import calibrate
from studies.run.study_sampler import sampler_of
from studies.testing.lab_study import SPEC, study_in


def test_noise_is_that_of_moved_copies_of_the_start_image(tmp_path: Path) -> None:
    study = study_in(tmp_path, search={**SPEC["search"], "sampler": "least-weight"})
    study.workspace.make()
    judge = calibrate(study, 7).judge
    sampler = sampler_of(study, 7, judge)
    assert isinstance(sampler, LeastWeight)
    assert set(sampler.noise) == {"dress", "shoes", "hands"}
    image = study.evaluator.find_image(Job(7, study.start), alone=True)
    assert image is not None
    assert len(stored_copies(study, image)) == COPIES


def test_a_seed_whose_start_was_not_drawn_has_none(tmp_path: Path) -> None:
    study = study_in(tmp_path, search={**SPEC["search"], "sampler": "least-weight"})
    study.workspace.make()
    judge = calibrate(study, 7).judge
    sampler = sampler_of(study, 8, judge)
    assert isinstance(sampler, LeastWeight)
    assert sampler.noise == {}
