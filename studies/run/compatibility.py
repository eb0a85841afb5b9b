"""Compatibility: whether stored trials may be continued by the study as it is now.

A study's fingerprint is all that decides its images and observations, and the grid of its search. It is stored before the
first trial; a study whose fingerprint has changed is refused, with every difference named. Requirements, tolerances, prices and
reference photos are no part of it: they judge, and stored observations are judged again for nothing.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Final, TypeAlias

from models.errors import InputError
from models.language.translate import joined, phrase
from optimizer.search.space import FILE
from optimizer.trial_store.store import TrialStore
from studies.drawing.identity import Entry, differences, flat, in_words
from studies.run.shared_storage.ownership import check_owner
from studies.study import Study

Fingerprint: TypeAlias = dict[str, Entry]
"""Entries by what they are of, in words: "base", "LoRA dress", "sampler", "scorer face", "search of dress"."""

FORK: Final = "start a new study from what still holds: `huanhua run STUDY --fork DIR`"


def fingerprint(study: Study) -> Fingerprint:
    """Base, LoRAs, prompt, sampler and all else in the renderer's identity; the scorers' models; the grid of the search."""
    spec = study.spec
    files = {"base": spec.base.checkpoint} | {f"loras.{key}": file for key, file in spec.lora_files().items()}
    files |= spec.draw.files()
    found = {}
    for key, value in flat(study.evaluator.identity()):
        label = f"{PurePath(files[key]).name} ({value[:12]})" if key in files else value
        found[in_words(key)] = value, label
    for name, entry in study.scorer_models.items():
        found[f"scorer {name}"] = entry
    space = study.space
    for name, axis in {**space.weights, **space.free}.items():
        labels = space.files.get(name.removesuffix(FILE)) if name.endswith(FILE) else None
        grid = f"{axis.low:g} to {axis.high:g} by {axis.step:g}" if labels is None else ", ".join(labels)
        found[f"search of {name}"] = grid, grid
    for name, schedule in space.schedules.given.items():
        found[f"schedule of {name}"] = str(schedule), str(schedule)
    for name, control in space.controls.given.items():
        for which in {"strength", "end"} - set(space.controls.moving.get(name, ())):
            found[f"{which} of {name}"] = (value := f"{getattr(control, which):g}"), value
    return found


def store_fingerprint(study: Study, trial_store: TrialStore) -> None:
    """Called before the first trial: all later runs are compared with it."""
    trial_store.attributes.set_fingerprint({name: list(entry) for name, entry in fingerprint(study).items()})


def check_compatible(study: Study, seed: int, trial_store: TrialStore) -> None:
    """Raises InputError, which names every difference, if trials are stored that were made under another fingerprint, or by
    another study of this name."""
    check_owner(study)
    if not trial_store.finished():
        return
    stored = {name: (str(entry[0]), str(entry[1])) for name, entry in trial_store.attributes.fingerprint().items()}
    if not stored:
        what = phrase("the trials of seed {seed} were made by an older version, which did not keep under what", seed=seed)
        raise InputError(what, study.spec.name, FORK)
    changed = differences(stored, fingerprint(study))
    if changed:
        raise InputError(
            phrase("the trials of seed {seed} were made otherwise ({names})", seed=seed, names=joined("; ", changed)),
            study.spec.name,
            phrase("put it back, or {fork}", fork=phrase(FORK)),
        )
