"""Reads study.yaml: YAML 1.2's numbers and booleans, keys that stand once, and the line of every key for what is said of it.

PyYAML follows YAML 1.1, where 0123 is 83, 12:30 is 750 and `on` is true, and where of two equal keys the last wins in silence.
Here the core schema of YAML 1.2.2 (10.3.2) applies. Merge keys (`<<`), which 1.2 left out, are still read.
"""

from __future__ import annotations

import codecs
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from models.errors import InputError
from models.language.translate import phrase

LARGEST: Final = 2**20
"""Bytes of a study file."""
ENCODINGS: Final = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
"""Marks at the beginning of text files, the longer ones first."""
CORE_SCHEMA: Final = (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("float", r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", "-+."),
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("merge", "<<", "<"),
)
"""Tag, the plain scalars that have it, and their first characters (NUL for none)."""

Place = tuple[str | int, ...]
"""Keys and numbers of items that lead to a value."""


@dataclass(frozen=True)
class StudyYaml:
    """The content of a study file."""

    data: dict[str, Any]
    lines: dict[Place, int] = field(default_factory=dict)
    """The line, counted from 1, of each key and item."""

    def known(self, place: Sequence[Any]) -> Place:
        """As much of a place as stands in the file; what does not, such as the names of classes, is left out on the way."""
        found: Place = ()
        for part in place:
            if (*found, part) in self.lines:
                found = (*found, part)
        return found


def read_study_yaml(path: Path) -> StudyYaml:
    """Raises InputError, with the line where there is one, for a file that is too large, no UTF-8, no YAML or no table, and for a
    key that stands twice."""
    text = _text(path)
    try:
        # The loader reads the start of the text at once: characters that YAML lacks are found here.
        loader = _Loader(text)
        root = loader.get_single_node()
        lines = _lines(root)
        data = None if root is None else loader.construct_document(root)
    except _RepeatedKeyError as error:
        raise InputError(error.args[0], path, "leave one out") from error
    except yaml.MarkedYAMLError as error:
        raise InputError(_not_yaml(error), path, "mend that line") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        what = phrase(
            "not YAML (line {line}: the character {character!r} cannot stand there)", line=line, character=chr(error.character)
        )
        raise InputError(what, path, "mend that line") from error
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(
            phrase("not YAML ({value})", value=(str(error).splitlines() or ["?"])[0][:120]), path, "mend it"
        ) from error
    except RecursionError as error:
        raise InputError("nested too deeply for a study file", path, "mend it") from error
    if not isinstance(data, dict):
        raise InputError("the study file holds no settings", path, "write `huanhua init DIR` to see one")
    return StudyYaml(data, lines)


def plain_scalar(text: str) -> bool:
    """Whether `text`, written without quotes as a key or a value, is read as these letters again."""
    try:
        return bool(text) and _Loader(text).get_single_data() == text
    except (yaml.YAMLError, _RepeatedKeyError, ValueError):
        return False


class _RepeatedKeyError(Exception):
    """A key that stands twice in a table."""


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with the core schema, and unique keys."""

    yaml_implicit_resolvers = {}  # noqa: RUF012

    def construct_yaml_int(self, node: Any) -> int:
        text = str(self.construct_scalar(node))
        base = {"0o": 8, "0x": 16}.get(text[:2].lower(), 10)
        return int(text[2:] if base != 10 else text, base)

    def construct_yaml_float(self, node: Any) -> float:
        text = str(self.construct_scalar(node)).lower()
        if text.endswith((".inf", ".nan")):
            return math.nan if text.endswith("nan") else math.copysign(math.inf, -1.0 if text[0] == "-" else 1.0)
        return float(text)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: dict[Any, int] = {}
        for key_node, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            line = key_node.start_mark.line + 1
            if key is not None and (key_node.tag, key) in seen:
                first = seen[key_node.tag, key]
                raise _RepeatedKeyError(
                    phrase("'{key}' stands twice, on line {first} and on line {line}", key=key[:60], first=first, line=line)
                )
            seen[key_node.tag, key] = line
        return super().construct_mapping(node, deep=deep)


for _tag, _pattern, _first in CORE_SCHEMA:
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), [c.replace("\0", "") for c in _first]
    )
_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)
_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.construct_yaml_float)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise InputError("too large for a study file", path, phrase("keep it below {largest} bytes", largest=LARGEST))
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            phrase("the study file cannot be read ({strerror})", strerror=error.strerror), path, "name a study.yaml or its folder"
        ) from error
    encoding = next((name for mark, name in ENCODINGS if data.startswith(mark)), None)
    # Without a mark, every second byte of ASCII in UTF-16 is 0.
    if encoding is None and data[:200].count(0) > len(data[:200]) // 4:
        encoding = "UTF-16"
    if encoding is not None:
        raise InputError(phrase("a {encoding} file", encoding=encoding), path, "save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(phrase("not UTF-8 text (line {line})", line=line), path, "save it as UTF-8") from error


def _not_yaml(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    where = phrase("line {line}, column {column}: ", line=mark.line + 1, column=mark.column + 1) if mark is not None else ""
    problem = error.problem or error.context or "it does not read"
    if "'\\t'" in problem:
        problem = "a tab, where only blanks may stand"
    return phrase("not YAML ({where}{names})", where=where, names=" ".join(str(problem).split())[:120])


def _lines(root: Any) -> dict[Place, int]:
    found: dict[Place, int] = {}
    open_nodes: list[tuple[Place, Any]] = [] if root is None else [((), root)]
    visited: set[int] = set()
    while open_nodes:
        place, node = open_nodes.pop()
        # An alias that contains itself has no end.
        if id(node) in visited and not isinstance(node, yaml.ScalarNode):
            continue
        visited.add(id(node))
        inner: list[tuple[Any, Any, int]] = []
        if isinstance(node, yaml.MappingNode):
            inner = [(k.value, v, k.start_mark.line) for k, v in node.value if isinstance(k, yaml.ScalarNode)]
        elif isinstance(node, yaml.SequenceNode):
            inner = [(number, item, item.start_mark.line) for number, item in enumerate(node.value)]
        for name, value, line in inner:
            found[(*place, name)] = line + 1
            open_nodes.append(((*place, name), value))
    return found
