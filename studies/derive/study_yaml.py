"""Edits of a study file's text that keep its comments and its order."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

PATHS: Final = (
    ("base", "checkpoint"), ("base", "vae"), ("embeddings", "*"), ("loras", "*", "file"), ("loras", "*", "file", "*"),
    ("loras", "*", "references"), ("loras", "*", "region", "mask"),
    ("scorers", "garment", "model"), ("scorers", "garment", "dino"), ("scorers", "face", "pack"), ("scorers", "hands", "judge"),
    ("scorers", "hands", "pose"), ("scorers", "parts", "model"), ("search", "learn", "*"),
    ("draw", "workflow"), ("draw", "payload"),
)  # fmt: skip
"""Keys whose values name files or folders; * stands for every key of a mapping and every item of a list."""


def moved(text: str, old: Path, new: Path, name: str) -> str:
    """The study file under another name, with relative paths from `new` that lead to the same files as those from `old`."""
    root = yaml.compose(text)
    changes = [(node, name) for node in _nodes(root, ("name",))]
    for path in PATHS:
        for node in _nodes(root, path):
            prefix = "local-dir:" if node.value.startswith("local-dir:") else ""
            place = Path(node.value.removeprefix(prefix)).expanduser()
            if not place.is_absolute() and (old / place).exists():
                changes.append((node, prefix + path_from(new, old / place)))
    return _replaced(text, changes)


def path_from(folder: Path, path: Path) -> str:
    """`path` as a study file in `folder` names it."""
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive
        return path.resolve().as_posix()


def with_values(text: str, path: tuple[str, ...], values: dict[str, Any]) -> str:
    """With other values in the mapping at a path of keys; keys that are not there are inserted in front."""
    for key in values:
        if key not in section(text, path):
            text = _with_entry(text, path, key)
    nodes = section(text, path)
    return _replaced(text, [(nodes[key], value) for key, value in values.items()])


def section(text: str, path: tuple[str, ...]) -> dict[str, Any]:
    """The value nodes of the mapping at a path of keys."""
    return _entries(_node(yaml.compose(text), path))


def _with_entry(text: str, path: tuple[str, ...], key: str) -> str:
    """With `key: null` before the first entry of a mapping."""
    mapping = _node(yaml.compose(text), path)
    if not mapping.value:  # {}
        at = mapping.start_mark.index + 1
        return f"{text[:at]}{key}: null{text[at:]}"
    at = mapping.value[0][0].start_mark
    separator = ", " if mapping.flow_style else "\n" + " " * at.column
    return f"{text[: at.index]}{key}: null{separator}{text[at.index :]}"


def _replaced(text: str, changes: list[tuple[Any, Any]]) -> str:
    """With JSON values in place of nodes."""
    for node, value in sorted(changes, key=lambda change: change[0].start_mark.index, reverse=True):
        text = text[: node.start_mark.index] + json.dumps(value, ensure_ascii=False) + text[_end(node) :]
    return text


def _end(node: Any) -> int:
    """Where a node ends: a block's mark lies behind the line break after it."""
    block = isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value
    index: int = _end(node.value[-1]) if block else node.end_mark.index
    return index


def _node(root: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        root = _entries(root)[key]
    return root


def _entries(mapping: Any) -> dict[str, Any]:
    return {key.value: node for key, node in mapping.value}


def _nodes(node: Any, path: tuple[str, ...]) -> Iterator[yaml.ScalarNode]:
    """The scalars at a path of `PATHS`."""
    if not path:
        if isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:str":
            yield node
    elif isinstance(node, yaml.SequenceNode) and path[0] == "*":
        for item in node.value:
            yield from _nodes(item, path[1:])
    elif isinstance(node, yaml.MappingNode):
        for key, inner in node.value:
            if path[0] in ("*", key.value):
                yield from _nodes(inner, path[1:])
