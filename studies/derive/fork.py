"""A new study from the trials of an old one that are still valid: `huanhua run STUDY --fork DIR`.

A trial is valid if its image would be drawn again to the last bit (base, LoRAs, prompt and everything else that decides an image
are the same) and its point is on the new grid. Other scorers judge it again; no valid trial is drawn again.
"""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from models.io.files import write_whole
from optimizer.point import Job
from optimizer.search.space import FILE, Space
from optimizer.trial_store.store import LOWER_OF, TrialStore
from studies.derive.new_folder import check_new_folder
from studies.derive.study_yaml import moved
from studies.project.folder import names_start
from studies.run.scouting import locked_seeds
from studies.run.shared_storage.ownership import check_owner
from studies.run.transfer import INHERITED
from studies.run.trials import trial_store_of
from studies.spec import read_spec
from studies.study import Study
from studies.workspace import IDENTITY, Workspace


def fork_study(study: Study, text: str, folder: Path) -> tuple[Study, dict[int, int]]:
    """Writes the study file `text`, named after `folder`, into that folder, and the valid trials of `study` into its workspace.

    Returns the new study and the number of its trials by seed. Images are linked where the file system can, else copied.
    Raises InputError, and writes nothing, if the folder is not empty or its name cannot name a study.
    """
    check_new_folder(folder)
    check_owner(study)
    valid = {seed: _valid_trials(study, seed, trial_store_of(study, seed)) for seed in locked_seeds(study)}
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "study.yaml"
    workspace = Workspace(folder / "workspace").make()
    for name in study.workspace.root.glob("*.json"):
        if name.stem == IDENTITY:
            continue
        write_whole(workspace.root / name.name, name.read_bytes())
    for image in study.workspace.images.glob("*"):
        if image.suffix in (".png", ".json") and not image.name.startswith("."):
            _link(image, workspace.images / image.name)
    workspace.write(INHERITED, {str(seed): trials for seed, trials in valid.items()})
    # Last: a study file means that the study is complete.
    write_whole(file, moved(text, study.root, names_start(folder), folder.name).encode())
    return Study(read_spec(file), names_start(folder), workspace, folder=folder), {
        seed: len(trials) for seed, trials in valid.items()
    }


def _valid_trials(study: Study, seed: int, trial_store: TrialStore) -> list[dict[str, Any]]:
    """Trials whose image would have the same name now: nothing that decides it has changed."""
    found = []
    for trial in trial_store.finished():
        if not study.space.has_files_of(trial.params):
            continue
        of = trial.user_attrs.get(LOWER_OF)
        point = study.space.drawn_point(trial.params)
        # The image is named by the content of the files that drew it: a LoRA may have more files now, or fewer.
        same = study.evaluator.place(Job(seed, point)).name == trial.user_attrs["image"]
        alike = _numbers(trial.params).keys() == _numbers(study.space.params(point)).keys()
        if _on_grid(study.space, of or trial.params) and same and alike:
            if "artifact" in trial.user_attrs:
                study.evaluator.restore(Job(seed, point), trial_store.artifacts / trial.user_attrs["artifact"])
            kept = {"params": dict(trial.params), "phase": trial.user_attrs["phase"], "number": trial.number}
            found.append(kept if of is None else {**kept, "lower_of": of})
    return found


def _numbers(params: Mapping[str, Any]) -> dict[str, float]:
    return {name: value for name, value in params.items() if not name.endswith(FILE)}


def _on_grid(space: Space, params: Mapping[str, Any]) -> bool:
    at = space.numbers(space.from_params(params))
    return all(abs(at.get(name, math.nan) - value) < 1e-6 for name, value in _numbers(params).items())


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        with suppress(FileNotFoundError):
            shutil.copyfile(source, target)
