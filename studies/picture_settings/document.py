"""Settings as an object of JSON: typed access that keeps account of what was read, so that the rest can be told."""

from __future__ import annotations

import ast
import json
from collections.abc import Collection, Mapping
from typing import Any, Final

from models.errors import InputError
from models.language.translate import phrase
from studies.picture_settings.lora_tags import number
from studies.picture_settings.settings import whole

EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})
"""Values that say nothing."""


class Document:
    """The object's values by key, each of which has several spellings. `where` names the file in refusals."""

    def __init__(self, values: Mapping[str, Any], where: object) -> None:
        self.values, self.where = dict(values), where
        self._read: set[str] = set()

    def get(self, *keys: str) -> Any:
        """The value of the first of `keys` that has one, or None. All of them count as read."""
        self._read.update(keys)
        return next((self.values[key] for key in keys if self.values.get(key) not in EMPTY), None)

    def text(self, *keys: str) -> str:
        """Empty where no key is there. Raises InputError for what is no text."""
        value = self.get(*keys)
        if isinstance(value, dict | list):
            raise InputError(phrase("'{key}' is no text", key=keys[0]), self.where, "name another picture, or mend its text")
        return "" if value is None else str(value)

    def whole(self, *keys: str) -> int | None:
        """Raises InputError for what is no whole number."""
        value = self.get(*keys)
        return None if value is None else whole(value, keys[0], self.where)

    def number(self, *keys: str) -> float | None:
        """Raises InputError for what is no finite number."""
        value = self.get(*keys)
        return None if value is None else number(str(value), keys[0], self.where)

    def list(self, *keys: str) -> list[Any]:
        """A list, also one written as text: `a,b`, or as Python prints it. A single value is a list of one."""
        value = self.get(*keys)
        if isinstance(value, str):
            value = _literal(value)
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value if isinstance(value, list) else [] if value is None else [value]

    def rest(self, silent: Collection[str] = ()) -> dict[str, str]:
        """What was not read, as text; without the `silent` keys, which change no image, and without what says nothing."""
        unread = {key: value for key, value in self.values.items() if key not in self._read and key not in silent}
        return {key: _shown(value) for key, value in unread.items() if value not in (*EMPTY, False, "None", "none")}


def parsed(text: str) -> Any:
    """The JSON in `text`, or None where it is none."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text.strip().strip("\0"))
    except (ValueError, RecursionError):
        return None


def _literal(text: str) -> Any:
    """A list that Python printed; any other text stays."""
    if not text.startswith(("[", "(")):
        return text
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
    return list(value) if isinstance(value, list | tuple) else text


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
