"""What comes from elsewhere: trials of other seeds and other studies, for a sampler that learns from them; those that a fork
brought; and images of other studies that would be drawn again to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from models.errors import InputError
from optimizer.point import FILE_MARK, Job, Point, lora_of_key
from optimizer.schedules.schedule import WHOLE, Schedules
from optimizer.search.judged_point import Judged
from optimizer.search.space import Space
from optimizer.search.strategy import Proposal
from optimizer.trial_store.other_trials import trials_of_others
from studies.drawing.section import HuanhuaDraw
from studies.file_hashes import cached_hash
from studies.run.ladders import LADDER, ladder_point, plain_point, stored_ladder_seed
from studies.study import Study, open_study
from studies.workspace import Workspace

INHERITED: Final = "carried"
"""The workspace's record of the trials that a fork brought from another study."""


def inherited_trials(workspace: Workspace, seed: int) -> list[dict[str, Any]]:
    """Parameters and phase of each trial that a fork brought, in order."""
    found: list[dict[str, Any]] = (workspace.read(INHERITED) or {}).get(str(seed), [])
    return found


def inherited_proposal(space: Space, trial: Mapping[str, Any]) -> Proposal:
    """One of these."""
    of = trial.get("lower_of")
    return Proposal(space.drawn_point(trial["params"]), trial["phase"], None if of is None else space.from_params(of))


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


def inherit_images(study: Study, jobs: Sequence[Job]) -> int:
    """Copies images of `jobs` that other studies have, and returns how many: those of `search.learn` and, in a project folder, of
    all others there.

    An image is the same there if the base and all else that decides it are the same, and the LoRAs that it has on are the same
    files, whatever they are called. Images drawn in a batch, or by another program, are not taken.
    """
    missing = [job for job in jobs if study.everywhere.find_image(job, alone=False) is None]
    copied = 0
    # Those of the project are read only where they can give something.
    for other in (*_learned(study), *(_of_project(study) if missing else ())):
        names = _names_there(study, other)
        for job in list(missing) if names is not None else ():
            source = _image_there(other, job, names or {})
            if source is not None:
                study.everywhere.restore(job, source)
                missing.remove(job)
                copied += 1
    return copied


def inherited_ladder_seed(study: Study) -> int | None:
    """The seed at which another study drew its ladders, and one of them is a ladder of this study: here they are not drawn again
    at another seed. None where there is no such study."""
    return next(
        (
            seed
            for other in other_studies(study)
            if (seed := stored_ladder_seed(other)) is not None and _shared(study, other, seed)
        ),
        None,
    )


def _shared(study: Study, other: Study, seed: int) -> bool:
    """Whether the other study has the plain image of its ladders, and one of their images, as this study would draw them."""
    names = _names_there(study, other)
    if names is None or _image_there(other, Job(seed, plain_point(study)), names) is None:
        return False
    tops = (Job(seed, ladder_point(study, lora, LADDER[-1])) for lora in study.spec.searched())
    return any(_image_there(other, job, names) is not None for job in tops)


def other_studies(study: Study) -> Iterator[Study]:
    """The studies of `search.learn` that have a workspace, then the others of the project that were run. Raises InputError if one
    of `search.learn` is no study."""
    yield from _learned(study)
    yield from _of_project(study)


def _learned(study: Study) -> Iterator[Study]:
    for place in study.spec.search.learn:
        other = open_study(study.path(place))
        if other.workspace.root.is_dir():
            yield other


def _of_project(study: Study) -> Iterator[Study]:
    """Those of the same parent folder as well, where it lies in a project; by name. One that cannot be read, or was never opened,
    has nothing to give."""
    if study.root == study.folder:
        return
    for file in sorted(study.folder.parent.glob("*/study.yaml")):
        if file.parent == study.folder:
            continue
        try:
            other = open_study(file)
            known = other.workspace.root.is_dir() and other.was_opened()
        except InputError:
            continue
        if known:
            yield other


def _names_there(study: Study, other: Study) -> Mapping[str, str] | None:
    """By this study's names of LoRAs, the other's names of the same files; None where its images are others besides."""
    here, there = _identity(study), _identity(other)
    if here is None or there is None or _besides_loras(here) != _besides_loras(there):
        return None
    # The keys of files too: an image of one of several files here is that of the file alone there.
    by_digest = {digest: name for name, digest in there.get("loras", {}).items()}
    return {name: by_digest[digest] for name, digest in here.get("loras", {}).items() if digest in by_digest}


def _image_there(other: Study, job: Job, names: Mapping[str, str]) -> Path | None:
    """The other study's image of the same job, drawn alone."""
    point = _named_alike(job.point, names)
    return None if point is None else other.everywhere.find_image(Job(job.seed, point), alone=True)


def _identity(study: Study) -> Mapping[str, Any] | None:
    """What decides its images; None where another program draws, or files are gone that would tell."""
    if not isinstance(study.spec.draw, HuanhuaDraw):
        return None
    try:
        return study.everywhere.identity()
    except InputError:
        return None


def _besides_loras(identity: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in identity.items() if key != "loras"}


def _named_alike(point: Point, names: Mapping[str, str]) -> Point | None:
    """The point under another study's names of the same files; None if it has not all of them, or is drawn by schedules or
    ControlNets."""
    if point.acting_schedules() or point.acting_controls():
        return None
    files = point.file_keys()
    on = {files.get(name, name): weight for name, weight in point.weights.items() if weight}
    if not on.keys() <= names.keys():
        return None
    there = {names[key]: weight for key, weight in on.items()}
    labels = {lora_of_key(key): key.partition(FILE_MARK)[2] for key in there if lora_of_key(key) != key}
    return replace(point, weights={lora_of_key(key): weight for key, weight in there.items()}, files=labels)


def _of_study(study: Study, place: Path, require: Mapping[str, float]) -> Iterator[list[Judged]]:
    other = open_study(place)
    spec = other.spec
    if _content(other, spec.base.checkpoint) != _content(study, study.spec.base.checkpoint):
        raise InputError("that study is drawn with another base, which teaches this one nothing", place, "mend search.learn")
    if not other.workspace.root.is_dir():
        return
    labels = {name: _labels_here(study, other, name) for name in study.spec.searched()}
    for trials in earlier_trials(other, "", f"{spec.name}-seed-", other.storage_url, require):
        yield [_moved_to(study, judged, labels) for judged in trials if _fits(study, judged.point)]


def _labels_here(study: Study, other: Study, name: str) -> dict[str | None, str]:
    """By label of the other study's files of a LoRA, None for its last: the label here of the file of the same content. A file
    that this study has not is left out."""
    if name not in other.spec.loras:
        return {}
    here, there = study.spec.loras[name], other.spec.loras[name]
    by_content = {_content(study, file): label for label, file in zip(here.labels, here.files, strict=True)}
    found: dict[str | None, str] = {}
    for label, file in zip(there.labels, there.files, strict=True):
        if (same := by_content.get(_content(other, file))) is not None:
            found[None if file == there.last else label] = same
    return found


def _fits(study: Study, point: Point) -> bool:
    """Whether the space of `study` has its LoRAs, in the steps in which they act, its ControlNets and prompt edits."""
    space, edits = study.space, {edit.name for edit in study.space.prompt_edits}
    if not set(point.prompt_edits) <= edits or not set(point.weights) >= set(space.weights):
        return False
    if space.controls.named(point.controls) != point.acting_controls():
        return False
    return _schedules_here(study, point) == {name: s for name, s in point.acting_schedules().items() if name in space.weights}


def _schedules_here(study: Study, point: Point) -> Schedules:
    return study.space.schedules.named(point.weights, {n: point.schedules.get(n, WHOLE) for n in study.space.weights})


def _moved_to(study: Study, judged: Judged, labels: Mapping[str, Mapping[str | None, str]]) -> Judged:
    """Its point in the space of `study`, without the violations of the LoRAs that are other files there."""
    at = judged.point
    same = {name: found[at.files.get(name)] for name, found in labels.items() if at.files.get(name) in found}
    files = {name: label for name, label in same.items() if name in study.space.files}
    snapped = study.space.point(at.weights, at.cfg, set(at.prompt_edits), files, controls=at.controls)
    weights = {name: at.weights[name] for name in snapped.weights}
    point = replace(snapped, weights=weights, schedules=_schedules_here(study, at))
    kept = {name: by for name, by in judged.violations.items() if name not in labels or name in same}
    return replace(judged, point=point, violations=kept)


def _content(study: Study, name: str) -> str:
    path = study.path(name)
    return cached_hash(study.workspace, path) if path.exists() else name


def _judged_again(judged: Judged, attrs: Mapping[str, Any], require: Mapping[str, float]) -> Judged:
    shown = attrs.get("scores", {}).get("expression", {})
    now = {name: least - (shown[name] or 0.0) for name, least in require.items() if name in shown}
    return replace(judged, violations={**judged.violations, **now})
