"""The command to type after verbs that may come at any time: what a study, a project or a training set needs next."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from studies.cli.progress.next_command import print_next, print_next_words
from studies.project.folder import DATA, LORAS, STUDIES, project_of
from studies.project.typed import STUDY_FILE, shown

if TYPE_CHECKING:
    from studies.run.outcome import Outcome
    from studies.study import Study

FIRST_STUDY = "my-study"


def print_study_next(opened: Study, study: Path, seed: int | None = None, workspace: Path | None = None) -> None:
    """`show` where trials are stored (of `seed`, if one is given), else `run` where a seed is given or locked, else `scout`."""
    from models.errors import InputError
    from studies.run.scouting import locked_seeds
    from studies.run.stored_results import seeds_run, was_run

    word = [] if seed is None else ["--seed", seed]
    stored = opened.spec.tracking.storage is not None or (opened.workspace.root / "optuna.db").is_file()
    try:
        ran = stored and (was_run(opened, seed) if seed is not None else bool(seeds_run(opened)))
    except InputError:  # nothing was run yet, or a storage that is away
        ran = False
    if ran:
        print_next("show", study, *word, workspace=workspace)
    elif seed is not None or locked_seeds(opened):
        print_next("run", study, *word, workspace=workspace)
    else:
        print_next("scout", study, workspace=workspace)


def print_pick_next(outcome: Outcome, study: Path, workspace: Path | None) -> None:
    """`export` where there is a pick, `run` where the search has not ended, and other seeds where it found none."""
    if outcome.pick is not None:
        print_next("export", study, "--seed", outcome.seed, "--to", "png", workspace=workspace)
    elif outcome.ended is None:
        print_next("run", study, "--seed", outcome.seed, workspace=workspace)
    else:
        print_next("scout", study, workspace=workspace)


def print_project_next() -> None:
    """The check of a study of the project around, or a first study in it; outside of a project the demo."""
    project = project_of(Path())
    studies = [] if project is None else studies_of(project)
    if studies:
        print_next("validate", studies[0])
    elif project is not None:
        print_next_words("init", FIRST_STUDY)
    else:
        print_next_words("demo")


def print_trained_next(lora: Path, given: Sequence[str]) -> None:
    """Of a project: the training set that has no LoRA yet, with what was `given` to this training, or a study of what there is;
    elsewhere what the file is."""
    from studies.project.training_sets import sets_in

    project = project_of(Path())
    if project is None:
        print_next_words("lora", "show", str(lora))
        return
    untrained = [
        made.folder
        for made in sets_in(project / DATA)
        if made.kind is not None and not (project / LORAS / f"{made.trigger}.safetensors").exists() and lora.stem != made.trigger
    ]
    if untrained:
        print_next_words("train", shown(untrained[0]), *given)
    elif studies := studies_of(project):
        print_next("validate", studies[0])
    else:
        print_next_words("init", FIRST_STUDY)


def studies_of(project: Path) -> list[Path]:
    """The folders of a project's studies, by name."""
    return sorted(file.parent for file in (project / STUDIES).glob(f"*/{STUDY_FILE}"))
