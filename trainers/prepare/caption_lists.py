"""Captions in JSON: kohya's metadata (`meta_cap.json`), Hugging Face's `metadata.jsonl` or `.csv`, and one file a picture."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from models.errors import InputError

LIST_SUFFIXES: Final = (".json", ".jsonl", ".csv")
CAPTIONS: Final = ("caption", "text", "prompt")
"""Keys of a caption."""
FILES: Final = ("file_name", "image", "file", "path")
"""Keys of a picture's name in a row of a list."""
PREFIXES: Final = ("meta", "caption")
"""What names of lists begin with: such a file must be whole."""


def json_caption(file: Path) -> str | None:
    """The caption in the JSON file of one picture; None if it holds none."""
    return _caption(_parsed(file))


def list_entries(file: Path) -> Iterator[tuple[str, str]]:
    """Each picture's name and caption in a list of captions; nothing if the file is none.

    Raises InputError for a damaged list.
    """
    content = _parsed(file)
    if isinstance(content, dict):
        rows = [(name, value) for name, value in content.items() if isinstance(value, dict)]
    elif isinstance(content, list):
        named = [(next((row[key] for key in FILES if isinstance(row.get(key), str)), None), row) for row in _dicts(content)]
        rows = [(name, row) for name, row in named if name is not None]
    else:
        rows = []
    for name, row in rows:
        caption = _caption(row)
        if caption is not None:
            yield name, caption


def _dicts(rows: list[Any]) -> list[dict[str, Any]]:
    return [row for row in rows if isinstance(row, dict)]


def _caption(row: Any) -> str | None:
    """Caption, then tags, as kohya's scripts join them."""
    if not isinstance(row, dict):
        return None
    texts = [row[key] for key in CAPTIONS if isinstance(row.get(key), str)][:1]
    tags = row.get("tags")
    if isinstance(tags, list) and all(isinstance(tag, str) for tag in tags):
        tags = ", ".join(tags)
    if isinstance(tags, str) and (tags.strip() or not texts):
        texts.append(tags)
    return ", ".join(texts) if texts else None


def _parsed(file: Path) -> Any:
    """The content; None for what is no such file."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        if file.suffix.lower() == ".csv":
            return list(csv.DictReader(text.splitlines()))
        if file.suffix.lower() == ".jsonl":
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        return json.loads(text)
    except (OSError, ValueError, RecursionError, csv.Error) as error:
        if file.name.lower().startswith(PREFIXES):
            raise InputError("a damaged list of captions", file, "mend or delete it") from error
        return None
