"""What typer says of a command that was typed wrongly, in another language than English."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from models.language.translate import said

FORMS: Final = (
    "no such option: {option} (Possible options: {others})",
    "no such option: {option}",
    "no such command {command}. Did you mean {other}?",
    "no such command {command}",
    "missing argument {name}",
    "missing option {name}",
    "option {option} requires an argument",
    "got unexpected extra argument(s) ({words})",
    "invalid value for {name}: {why}",
)
REASONS: Final = (
    "must be greater than or equal to {number}",
    "must be less than or equal to {number}",
    "must be a valid integer, unable to parse string as an integer",
    "must be a valid number, unable to parse string as a number",
    "{value} is not one of {choices}",
)


def usage_words(text: str) -> str:
    """The sentence in the language of this process; as typer has it where it is none of those known here."""
    return by_form(text, FORMS)


def by_form(text: str, forms: Sequence[str]) -> str:
    """A text that was made by the first of `forms` that fits, in the language of this process; else as it is."""
    for form in forms:
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(form))
        if found := re.fullmatch(pattern, text):
            values = {name: by_form(value, REASONS) if name == "why" else value for name, value in found.groupdict().items()}
            return said(form, **values)
    return text
