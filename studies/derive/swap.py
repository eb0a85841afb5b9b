"""The same face and seed, the next dress: a new study from an old one in which one LoRA is another file.

Nothing that was drawn holds with another LoRA. What holds is learned: how the other LoRAs show and what they spoil, at the same
seeds (`search.learn` in the new study file names the old study).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from models.errors import InputError
from models.io.files import write_whole
from models.io.safetensors_header import read_safetensors_header
from studies.derive.fork import NAME, moved, path_from
from studies.prompts import trigger_of
from studies.run.scouting import LOCKED, locked_seeds
from studies.spec import read_spec
from studies.study import Study
from studies.workspace import Workspace


def parse_swap(text: str, study: Study) -> tuple[str, Path]:
    """`dress=other.safetensors` as a name of a searched LoRA and a file that is there. Raises InputError."""
    name, equals, file = text.partition("=")
    if not equals or not file:
        raise InputError(f"not a swap: {text}", "swap", "write it as dress=other.safetensors")
    if name not in study.spec.searched():
        known = ", ".join(study.spec.searched())
        raise InputError(f"no LoRA called {name} is searched here", study.root, f"name one of {known}")
    path = Path(file).expanduser()
    if not path.is_file():
        raise InputError("no such file", path, "name a LoRA file")
    return name, path


def swap_lora(
    study: Study, text: str, name: str, file: Path, folder: Path, *, references: Path | None, trigger: str | None
) -> Study:
    """Writes the study file `text` with another file for the LoRA `name` into `folder`, with the same seeds locked.

    `references` are photos of what the new LoRA shows, by default a folder beside the old photos that is called as the file is; a
    LoRA that had none needs none now.
    Where both trigger words are known, the new one takes the old one's place in the prompt.
    Raises InputError, and writes nothing, if photos are missing, no seed is locked, or the folder holds something.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("there is something already", folder, "name a folder that is empty or does not exist: --to DIR")
    if not NAME.fullmatch(folder.name):
        raise InputError("no name for a study", folder, "use letters, digits, spaces, _, . and -")
    seeds = locked_seeds(study)
    if not seeds:
        raise InputError("no seed is locked", study.root, "run `huanhua scout STUDY`, then `huanhua lock STUDY SEED`")
    photos: Path | None = references or _photos_beside(study, name, file)
    if photos is not None and not photos.is_dir():
        raise InputError("no photos of what the new LoRA shows", photos, "name their folder: --references DIR")
    old, new = study.triggers.get(name), trigger_of(trigger, read_safetensors_header(file).metadata)
    named = None if photos is None else path_from(folder, photos)
    changed = _changed(moved(text, study.root, folder), study, name, path_from(folder, file), named, new)
    if old and new:
        changed = _in_prompt(changed, old, new)
    changed = _learning(changed, path_from(folder, study.root))
    made = folder / "study.yaml"
    folder.mkdir(parents=True, exist_ok=True)
    workspace = Workspace(folder / "workspace").make()
    workspace.write(LOCKED, seeds)
    # Last: a study that is there is whole.
    write_whole(made, changed.encode())
    return Study(read_spec(made), folder, workspace)


def _photos_beside(study: Study, name: str, file: Path) -> Path | None:
    old = study.spec.loras[name].references
    return None if old is None else study.path(old).parent / file.stem


def _changed(text: str, study: Study, name: str, file: str, photos: str | None, trigger: str | None) -> str:
    """The study file with other values in the section of one LoRA; comments stay."""
    values = {"file": file}
    if photos is not None:
        text = _with_key(text, ("loras", name), "references")
        values["references"] = photos
    if study.spec.loras[name].trigger is not None:
        values["trigger"] = trigger or ""
    nodes = dict(_section(yaml.compose(text), ("loras", name)))
    changes = sorted(((nodes[key], value) for key, value in values.items()), key=lambda c: -c[0].start_mark.index)
    for node, value in changes:
        text = text[: node.start_mark.index] + json.dumps(value or None, ensure_ascii=False) + text[node.end_mark.index :]
    return text


def _with_key(text: str, path: tuple[str, ...], key: str) -> str:
    """With `key`, as null, in the mapping at a path of keys, unless it is there."""
    held = yaml.compose(text)
    if key in dict(_section(held, path)):
        return text
    for name in path:
        held = dict(_section(held, ()))[name]
    return _first(text, held, f"{key}: null")


def _first(text: str, section: Any, entry: str) -> str:
    """With another entry before the first one of a mapping."""
    at = section.value[0][0].start_mark
    between_keys = ", " if section.flow_style else "\n" + " " * at.column
    return f"{text[: at.index]}{entry}{between_keys}{text[at.index :]}"


def _in_prompt(text: str, old: str, new: str) -> str:
    node = dict(_section(yaml.compose(text), ()))["prompt"]
    told = re.sub(rf"(?<!\w){re.escape(old)}(?!\w)", lambda _: new, node.value)
    return text[: node.start_mark.index] + json.dumps(told, ensure_ascii=False) + text[node.end_mark.index :]


def _learning(text: str, old: str) -> str:
    """With `search.learn` naming the old study, in place of what it named."""
    told = json.dumps([old], ensure_ascii=False)
    root = dict(_section(yaml.compose(text), ()))
    if "search" not in root:
        return f"{text.rstrip()}\nsearch: {{learn: {told}}}\n"
    search = root["search"]
    held = dict(_section(search, ()))
    if "learn" in held:
        node = held["learn"]
        return text[: node.start_mark.index] + told + text[node.end_mark.index :]
    return _first(text, search, f"learn: {told}")


def _section(node: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Keys and values of the mapping at a path of keys."""
    for key in path:
        node = dict(_section(node, ()))[key]
    for key, inner in node.value:
        yield key.value, inner
