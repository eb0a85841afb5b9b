"""What the stored trials of a study were made under: a study that would now make others is refused, with the difference named.

Requirements, tolerances, prices and reference photos are no conditions: they judge, and judging is done again for nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from models.errors import InputError

if TYPE_CHECKING:
    from optimizer.trial_store.store import TrialStore
    from studies.study import Study

Condition: TypeAlias = tuple[str, str]
"""What decides, such as a file's hash, and what a person knows it by, such as its name."""

FORK: Final = "start a new study from what still holds: `huanhua run STUDY --fork DIR`"
SHOWN: Final = 60
AROUND: Final = 16
"""Letters of a long text that are shown, and how many of them stand before the first that differs."""
NAMES: Final = {"path": "order of arithmetic", "frame.ensd": "ensd", "frame.rng": "rng"}


def conditions_of(study: Study) -> dict[str, Condition]:
    """By name: base, LoRAs, prompt, sampler and all else that decides an image; the scorers' models; the grid of the search."""
    spec = study.spec
    files = {"base": spec.base.checkpoint} | {f"loras.{name}": section.file for name, section in spec.loras.items()}
    found = {}
    for key, value in _flat(study.evaluator.identity()):
        shown = f"{PurePath(files[key]).name} ({value[:12]})" if key in files else value
        found[_plain(key)] = value, shown
    for name, (content, shown) in study.scorer_models.items():
        found[f"scorer {name}"] = content, shown
    space = study.space
    for name, axis in {**space.weights, **space.free}.items():
        grid = f"{axis.low:g} to {axis.high:g} by {axis.step:g}"
        found[f"search of {name}"] = grid, grid
    return found


def differences(were: Mapping[str, Condition], are: Mapping[str, Condition]) -> list[str]:
    """One phrase for each condition that is another now: what it was and what it is."""
    nothing = ("", "nothing")
    found = []
    for name in dict.fromkeys([*were, *are]):
        (was_id, was), (is_id, now) = were.get(name, nothing), are.get(name, nothing)
        if was_id != is_id:
            was, now = _apart(was, now)
            found.append(f"{name} was {was} and is {now}")
    return found


def store_conditions(study: Study, trial_store: TrialStore) -> None:
    """Keeps them before the first trial: all later runs are held to them."""
    trial_store.set_conditions({name: list(pair) for name, pair in conditions_of(study).items()})


def check_compatible(study: Study, seed: int, trial_store: TrialStore) -> None:
    """Raises InputError, which names every difference, if trials are stored that were made under other conditions."""
    if not trial_store.finished():
        return
    were = {name: (str(pair[0]), str(pair[1])) for name, pair in trial_store.conditions().items()}
    if not were:
        what = f"the trials of seed {seed} were made by an older version, which did not keep under what"
        raise InputError(what, study.spec.name, FORK)
    changed = differences(were, conditions_of(study))
    if changed:
        raise InputError(
            f"the trials of seed {seed} were made otherwise ({'; '.join(changed)})", study.spec.name, f"put it back, or {FORK}"
        )


def _flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, held in value.items():
        if isinstance(held, Mapping):
            yield from _flat(held, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", held if isinstance(held, str) else json.dumps(held)


def _plain(key: str) -> str:
    """`frame.clip_skip` as a person says it: clip skip."""
    if key in NAMES:
        return NAMES[key]
    head, _, rest = key.partition(".")
    kind = {"loras": "LoRA ", "embeddings": "embedding ", "fixed": "fixed weight of "}.get(head, "")
    return kind + (rest.replace("_", " ") if head == "frame" else rest or head)


def _apart(one: str, other: str) -> tuple[str, str]:
    """Both texts, cut to where they differ."""
    same = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return _cut(one, same), _cut(other, same)


def _cut(text: str, at: int) -> str:
    if len(text) <= SHOWN:
        return repr(text) if " " in text or not text else text
    first = max(0, at - AROUND)
    piece = text[first : first + SHOWN]
    return repr(f"{'...' if first else ''}{piece}{'...' if first + SHOWN < len(text) else ''}")
