"""pydantic's faults of a study file in one line: which key, on which line, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from models.errors import InputError
from models.language.translate import phrase
from studies.drawing.registry import WAYS
from studies.spec_reading.fault_words import words_of
from studies.spec_reading.study_yaml import Place, StudyYaml

LABELS: Final = {"int", "str", "float", "bool", "none", "dict", "list", *WAYS}
"""What pydantic calls the forms of a value, as parts of a place."""


def spec_error(faults: Sequence[Any], content: StudyYaml, path: Path) -> InputError:
    """The first fault. Of a value that may be of several kinds, what is said by the kind that gets furthest into it."""
    first = content.known(faults[0]["loc"])
    if faults[0]["type"] == "missing":
        missing = ".".join(str(part) for part in (*first, *_beyond(faults[0]["loc"], first)))
        return InputError(phrase("{name}: Field required", name=missing), _where(path, content, first), "write it there")
    within = [fault for fault in faults if content.known(fault["loc"])[: len(first)] == first]
    deepest = max(len(content.known(fault["loc"])) for fault in within)
    place = next(place for fault in within if len(place := content.known(fault["loc"])) == deepest)
    alike = [fault for fault in within if content.known(fault["loc"]) == place]
    where, fault = _where(path, content, place), alike[0]
    name = ".".join(str(part) for part in (*place, *_beyond(fault["loc"], place)))
    if fault["type"] == "extra_forbidden":
        parent = ".".join(str(part) for part in place[:-1]) or phrase("the study")
        hint = phrase("check its spelling; `huanhua validate --schema` lists the keys of {parent}", parent=parent)
        return InputError(phrase("unknown key {name}", name=name), where, hint)
    return InputError(phrase("{name}: {fault}", name=name or phrase("study"), fault=words_of(alike)), where, "mend it there")


def _beyond(loc: Sequence[Any], place: Place) -> list[Any]:
    """The keys after those that stand in the file: defaults, and what a section was filled with. Names of classes are none."""
    rest = list(loc)[list(loc).index(place[-1]) + 1 :] if place else list(loc)
    return [part for part in rest if re.fullmatch(r"[a-z_][a-z_0-9]*", str(part)) and part not in LABELS]


def _where(path: Path, content: StudyYaml, place: Place) -> str:
    line = content.lines.get(place)
    return str(path) if line is None else phrase("{file}, line {line}", file=path, line=line)
