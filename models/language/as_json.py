"""Phrases as JSON, for files that another process reads in another language: what is written there stays what it was made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from models.errors import InputError
from models.language.translate import Joined, Labelled, Phrase

DEEPEST: Final = 8
"""Phrases within phrases that are read."""


def phrase_to_json(text: str) -> Any:
    """A string as it is; a phrase as an object."""
    if not isinstance(text, Phrase) or isinstance(text, Labelled):
        return str(text)
    if isinstance(text, Joined):
        return {"between": text.template, "parts": [phrase_to_json(part) for part in text.parts]}
    values = {name: phrase_to_json(value) if isinstance(value, str) else value for name, value in text.values.items()}
    return {"text": text.template, "values": values, "many": text.many, "number": text.number}


def error_to_json(error: InputError) -> dict[str, Any]:
    """Its parts."""
    return {name: phrase_to_json(part) for name, part in (("what", error.what), ("where", error.where), ("mend", error.mend))}


def error_from_json(content: Any) -> InputError:
    """Raises ValueError for what is no error."""
    if not isinstance(content, Mapping) or not {"what", "where", "mend"} <= content.keys():
        raise ValueError("no error")
    return InputError(*(phrase_from_json(content[name]) for name in ("what", "where", "mend")))


def phrase_from_json(content: Any, depth: int = 0) -> str:
    """Raises ValueError for what is no phrase."""
    if isinstance(content, str):
        return content
    if not isinstance(content, Mapping) or depth > DEEPEST:
        raise ValueError("no phrase")
    try:
        if "between" in content:
            return Joined(str(content["between"]), tuple(phrase_from_json(part, depth + 1) for part in content["parts"]))
        values = {str(name): _value(value, depth) for name, value in content["values"].items()}
        return Phrase(str(content["text"]), values, str(content["many"]), int(content["number"]))
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError("no phrase") from error


def _value(value: Any, depth: int) -> str | int | float:
    if isinstance(value, (int, float)):
        return value
    return phrase_from_json(value, depth + 1)
