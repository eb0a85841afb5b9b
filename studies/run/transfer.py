"""Trials from elsewhere: of other seeds and other studies, for a sampler that learns from them; and those that a fork brought."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from models.errors import InputError
from optimizer.point import Point
from optimizer.search.judged_point import Judged
from optimizer.trial_store.other_trials import trials_of_others
from studies.file_hashes import cached_hash
from studies.spec import read_spec, study_file
from studies.study import Study
from studies.workspace import Workspace, workspace_of

INHERITED: Final = "carried"
"""The workspace's record of the trials that a fork brought from another study."""


def inherited_trials(workspace: Workspace, seed: int) -> list[dict[str, Any]]:
    """Parameters and phase of each trial that a fork brought, in order."""
    found: list[dict[str, Any]] = (workspace.read(INHERITED) or {}).get(str(seed), [])
    return found


def earlier_trials(study: Study, name: str, prefix: str, storage: str, require: Mapping[str, float]) -> list[list[Judged]]:
    """By seed, but for that of the Optuna study `name`. What LoRAs must show is `require` as it stands now; all other
    constraints are as they were judged when drawn."""
    others = trials_of_others(storage, prefix, name, study.space)
    return [[_judged_again(judged, attrs, require) for judged, attrs in trials] for trials in others]


def trials_of_other_studies(study: Study, require: Mapping[str, float]) -> list[list[Judged]]:
    """By study and seed, those of `search.learn`, without the violations of LoRAs that are other files there.

    Raises InputError if one of them is no study, or is drawn with another base.
    """
    return [trials for place in study.spec.search.learn for trials in _of_study(study, study.path(place), require)]


def _of_study(study: Study, place: Path, require: Mapping[str, float]) -> Iterator[list[Judged]]:
    file = study_file(place)
    spec = read_spec(file)
    other = Study(spec, file.parent, workspace_of(file))
    if _content(other, spec.base.checkpoint) != _content(study, study.spec.base.checkpoint):
        raise InputError("that study is drawn with another base, which teaches this one nothing", place, "mend search.learn")
    if not other.workspace.root.is_dir():
        return
    changed = {
        name
        for name, section in study.spec.searched().items()
        if name not in spec.loras or _content(other, spec.loras[name].file) != _content(study, section.file)
    }
    for trials in earlier_trials(other, "", f"{spec.name}-seed-", other.storage_url, require):
        yield [_moved_to(study, judged, changed) for judged in trials if _fits(study, judged.point)]


def _fits(study: Study, point: Point) -> bool:
    """Whether the space of `study` has its LoRAs and prompt edits."""
    return set(point.prompt_edits) <= set(study.space.free) and set(point.weights) >= set(study.space.weights)


def _moved_to(study: Study, judged: Judged, changed: Set[str]) -> Judged:
    """Its point on the grid of `study`, without the violations of the LoRAs `changed`."""
    point = study.space.point(judged.point.weights, judged.point.cfg, set(judged.point.prompt_edits))
    return replace(judged, point=point, violations={n: v for n, v in judged.violations.items() if n not in changed})


def _content(study: Study, name: str) -> str:
    path = study.path(name)
    return cached_hash(study.workspace, path) if path.exists() else name


def _judged_again(judged: Judged, attrs: Mapping[str, Any], require: Mapping[str, float]) -> Judged:
    shown = attrs.get("scores", {}).get("expression", {})
    now = {name: least - (shown[name] or 0.0) for name, least in require.items() if name in shown}
    return replace(judged, violations={**judged.violations, **now})
