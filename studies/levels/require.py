"""Levels into a study file: `search.require` by name, everything else as it was, comments included."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from models.errors import InputError
from models.io.disk import writing
from models.io.files import write_whole
from models.language.translate import phrase
from studies.derive.study_yaml import section, with_values
from studies.spec import read_spec


def set_required(file: Path, levels: Mapping[str, float]) -> None:
    """Writes the levels into the study file, whole or not at all.

    Raises InputError if the file says it in a way that cannot be edited, such as an alias; it then stays as it was.
    """
    text = file.read_bytes().decode("utf-8")
    values = {name: round(level, 2) for name, level in levels.items()}
    read_spec(file)
    try:
        changed = with_required(text, values)
        meant = _only_required(yaml.safe_load(text), yaml.safe_load(changed), values)
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError):
        meant = False
    if not meant:
        mend = phrase(
            "write it by hand: require: {{{names}}}", names=", ".join(f"{name}: {value:g}" for name, value in values.items())
        )
        raise InputError("search.require is written in a way that cannot be edited", file, mend)
    with writing(file):
        write_whole(file, changed.encode("utf-8"))


def with_required(text: str, values: Mapping[str, float]) -> str:
    """The text of a study file that requires these levels; other requirements stay."""
    sections = section(text, ())
    if "search" not in sections:
        newline = "\r\n" if "\r\n" in text else "\n"
        entry = "{" + ", ".join(f"{name}: {value:g}" for name, value in values.items()) + "}"
        return f"{text.rstrip()}{newline}search:{newline}  require: {entry}{newline}"
    if not isinstance(sections["search"], yaml.MappingNode):
        return with_values(text, (), {"search": {"require": dict(values)}})
    if not isinstance(section(text, ("search",)).get("require"), yaml.MappingNode):
        return with_values(text, ("search",), {"require": dict(values)})
    return with_values(text, ("search", "require"), dict(values))


def _only_required(before: Any, after: Any, values: Mapping[str, float]) -> bool:
    """Whether the edit changed what it should, and nothing else."""
    search = before.get("search") or {}
    wanted = {**before, "search": {**search, "require": {**(search.get("require") or {}), **values}}}
    return bool(after == wanted)
