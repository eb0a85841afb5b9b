"""A new study from the trials of an old one that still hold: `huanhua run STUDY --fork DIR`.

A trial holds if its image would be drawn again to the last bit: base, LoRAs, prompt and all else that decides an image are the
same, and its point is on the new grid. Other scorers look at it again; nothing that holds is drawn again.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import yaml

from models.errors import InputError
from models.io.files import write_whole
from optimizer.point import Job
from optimizer.trial_store.store import TrialStore
from studies.run.inherited import INHERITED
from studies.run.scouting import locked_seeds
from studies.run.trials import trial_store_of
from studies.spec import read_spec
from studies.study import Study
from studies.workspace import Workspace

NAME: Final = re.compile(r"[\w][\w .-]{0,79}")
PATHS: Final = (
    ("base", "checkpoint"), ("base", "vae"), ("embeddings", "*"), ("loras", "*", "file"), ("loras", "*", "references"),
    ("scorers", "garment", "model"), ("scorers", "garment", "dino"), ("scorers", "face", "pack"), ("scorers", "hands", "judge"),
    ("scorers", "hands", "pose"), ("scorers", "parts", "model"), ("search", "learn", "*"),
)  # fmt: skip


def fork_study(study: Study, text: str, folder: Path) -> tuple[Study, dict[int, int]]:
    """Writes the study file `text` under the name of `folder` into it, and what still holds of `study` into its workspace.

    Returns the new study and the number of trials carried, by seed. Images are linked where the file system can, else copied.
    Raises InputError, and writes nothing, if the folder holds something or its name is no name of a study.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("there is something already", folder, "name a folder that is empty or does not exist")
    if not NAME.fullmatch(folder.name):
        raise InputError("no name for a study", folder, "use letters, digits, spaces, _, . and -")
    held = {seed: _holding(study, seed, trial_store_of(study, seed)) for seed in locked_seeds(study)}
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "study.yaml"
    made = Workspace(folder / "workspace").make()
    for name in study.workspace.root.glob("*.json"):
        write_whole(made.root / name.name, name.read_bytes())
    for image in study.workspace.images.glob("*"):
        if image.suffix in (".png", ".json") and not image.name.startswith("."):
            _link(image, made.images / image.name)
    made.write(INHERITED, {str(seed): entries for seed, entries in held.items()})
    # Last: a study that is there is whole.
    write_whole(file, moved(text, study.root, folder).encode())
    return Study(read_spec(file), folder, made), {seed: len(entries) for seed, entries in held.items()}


def _holding(study: Study, seed: int, trial_store: TrialStore) -> list[dict[str, Any]]:
    """Trials whose image has the name that it would have now, which says that nothing that decides it has changed."""
    found = []
    for trial in trial_store.finished():
        point = study.space.from_params(trial.params)
        on_grid = all(abs(point.weights.get(name, point.cfg) - value) < 1e-6 for name, value in trial.params.items())
        same = study.evaluator.place(Job(seed, point)).name == trial.user_attrs["image"]
        if on_grid and same and set(trial.params) == set(study.space.params(point)):
            if "artifact" in trial.user_attrs:
                study.evaluator.restore(seed, point, trial_store.artifacts / trial.user_attrs["artifact"])
            found.append({"params": dict(trial.params), "phase": trial.user_attrs["phase"], "number": trial.number})
    return found


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        with suppress(FileNotFoundError):
            shutil.copyfile(source, target)


def moved(text: str, old: Path, new: Path) -> str:
    """A study file for another folder: its name, and the relative paths that exist, as they are from there. Comments stay."""
    root = yaml.compose(text)
    changes = [(node, new.name) for node in _at(root, ("name",))]
    for path in PATHS:
        for node in _at(root, path):
            prefix = "local-dir:" if node.value.startswith("local-dir:") else ""
            name = Path(node.value.removeprefix(prefix)).expanduser()
            if not name.is_absolute() and (old / name).exists():
                changes.append((node, prefix + path_from(new, old / name)))
    changes.sort(key=lambda change: change[0].start_mark.index, reverse=True)
    for node, value in changes:
        text = text[: node.start_mark.index] + json.dumps(value, ensure_ascii=False) + text[node.end_mark.index :]
    return text


def _at(node: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """The scalars at a path of keys, where * is any key or place in a list."""
    if not path:
        if isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:str":
            yield node
    elif isinstance(node, yaml.SequenceNode) and path[0] == "*":
        for inner in node.value:
            yield from _at(inner, path[1:])
    elif isinstance(node, yaml.MappingNode):
        for key, inner in node.value:
            if path[0] in ("*", key.value):
                yield from _at(inner, path[1:])


def path_from(folder: Path, path: Path) -> str:
    """`path` as a study file in `folder` names it."""
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive
        return path.resolve().as_posix()
