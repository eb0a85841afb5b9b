"""The sampler that a study names, made from its settings and from what other trials teach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from optimizer.point import Job
from optimizer.search.judged_point import Judged
from optimizer.search.samplers.base import Sampler, SamplerSettings
from optimizer.search.samplers.registry import make_sampler
from scorers.noise.noise import constraints_of_copies, noise_over
from studies.observers.moved_copies import observe_copies
from studies.run.judge import Judge
from studies.run.transfer import earlier_trials, trials_of_other_studies
from studies.run.trials import trial_store_of
from studies.study import Study


def sampler_of(study: Study, seed: int, judge: Judge) -> Sampler:
    search = study.spec.search
    garments = tuple(name for name, lora in study.spec.searched().items() if lora.kind != "face")
    settings = SamplerSettings(
        study.space,
        study.start,
        seed=search.random_state,
        min_saving=search.worth,
        robustness=search.robustness,
        together=garments[:2],
        require=judge.require,
        noise=_noise(study, seed, judge),
        earlier=lambda: _earlier(study, seed, judge),
    )
    return make_sampler(search.sampler, settings)


def _noise(study: Study, seed: int, judge: Judge) -> Mapping[str, float]:
    """Of the start image's scores, by moved copies of it; nothing where it is not in the workspace, or nothing is searched."""
    image = None if judge.unmeasurable else study.everywhere.find_image(Job(seed, study.locked), alone=True)
    return {} if image is None else noise_over(constraints_of_copies(judge.images, observe_copies(study, image)))


def _earlier(study: Study, seed: int, judge: Judge) -> list[list[Judged]]:
    """The trials of other seeds and other studies, with the violations of the constraints that this seed has."""
    trial_store, prefix = trial_store_of(study, seed), f"{study.spec.name}-seed-"
    found = earlier_trials(study, trial_store.name, prefix, trial_store.storage, judge.require)
    found += trials_of_other_studies(study, judge.require)
    names = judge.constraint_names
    return [[replace(j, violations={n: v for n, v in j.violations.items() if n in names}) for j in trials] for trials in found]
