"""Compatibility: whether stored trials may be continued by the study as it is now.

A study's fingerprint is all that decides its images and observations, and the grid of its search. It is stored before the
first trial; a study whose fingerprint has changed is refused, with every difference named. Requirements, tolerances, prices and
reference photos are no part of it: they judge, and stored observations are judged again for nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any, Final, TypeAlias

from models.errors import InputError
from optimizer.trial_store.store import TrialStore
from studies.study import Study

Entry: TypeAlias = tuple[str, str]
"""A value that is compared, such as a file's hash, and its label for people, such as the file's name."""
Fingerprint: TypeAlias = dict[str, Entry]
"""Entries by what they are of, in words: "base", "LoRA dress", "sampler", "scorer face", "search of dress"."""

FORK: Final = "start a new study from what still holds: `huanhua run STUDY --fork DIR`"
SHOWN: Final = 60
"""Letters of a long label that are shown."""
BEFORE_DIFFERENCE: Final = 16
"""Letters shown before the first that differs."""
WORDS: Final = {"path": "order of arithmetic", "frame.ensd": "ensd", "frame.rng": "rng"}
"""Words for keys of the renderer's identity, where they are not the key's own."""


def fingerprint(study: Study) -> Fingerprint:
    """Base, LoRAs, prompt, sampler and all else in the renderer's identity; the scorers' models; the grid of the search."""
    spec = study.spec
    files = {"base": spec.base.checkpoint} | {f"loras.{name}": section.file for name, section in spec.loras.items()}
    found = {}
    for key, value in _flat(study.evaluator.identity()):
        label = f"{PurePath(files[key]).name} ({value[:12]})" if key in files else value
        found[_in_words(key)] = value, label
    for name, entry in study.scorer_models.items():
        found[f"scorer {name}"] = entry
    space = study.space
    for name, axis in {**space.weights, **space.free}.items():
        grid = f"{axis.low:g} to {axis.high:g} by {axis.step:g}"
        found[f"search of {name}"] = grid, grid
    return found


def differences(stored: Mapping[str, Entry], current: Mapping[str, Entry]) -> list[str]:
    """One phrase for each entry whose value has changed: its labels then and now."""
    nothing = ("", "nothing")
    found = []
    for name in dict.fromkeys([*stored, *current]):
        (old, old_label), (new, new_label) = stored.get(name, nothing), current.get(name, nothing)
        if old != new:
            was, now = _shortened(old_label, new_label)
            found.append(f"{name} was {was} and is {now}")
    return found


def store_fingerprint(study: Study, trial_store: TrialStore) -> None:
    """Called before the first trial: all later runs are compared with it."""
    trial_store.attributes.set_fingerprint({name: list(entry) for name, entry in fingerprint(study).items()})


def check_compatible(study: Study, seed: int, trial_store: TrialStore) -> None:
    """Raises InputError, which names every difference, if trials are stored that were made under another fingerprint."""
    if not trial_store.finished():
        return
    stored = {name: (str(entry[0]), str(entry[1])) for name, entry in trial_store.attributes.fingerprint().items()}
    if not stored:
        what = f"the trials of seed {seed} were made by an older version, which did not keep under what"
        raise InputError(what, study.spec.name, FORK)
    changed = differences(stored, fingerprint(study))
    if changed:
        raise InputError(
            f"the trials of seed {seed} were made otherwise ({'; '.join(changed)})", study.spec.name, f"put it back, or {FORK}"
        )


def _flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Dotted keys and text values of nested mappings."""
    for key, inner in value.items():
        if isinstance(inner, Mapping):
            yield from _flat(inner, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", inner if isinstance(inner, str) else json.dumps(inner)


def _in_words(key: str) -> str:
    """`frame.clip_skip` becomes "clip skip"."""
    if key in WORDS:
        return WORDS[key]
    head, _, rest = key.partition(".")
    kind = {"loras": "LoRA ", "embeddings": "embedding ", "fixed": "fixed weight of "}.get(head, "")
    return kind + (rest.replace("_", " ") if head == "frame" else rest or head)


def _shortened(one: str, other: str) -> tuple[str, str]:
    """Both labels, cut to where they differ."""
    same = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return _excerpt(one, same), _excerpt(other, same)


def _excerpt(text: str, at: int) -> str:
    if len(text) <= SHOWN:
        return repr(text) if " " in text or not text else text
    first = max(0, at - BEFORE_DIFFERENCE)
    piece = text[first : first + SHOWN]
    return repr(f"{'...' if first else ''}{piece}{'...' if first + SHOWN < len(text) else ''}")
