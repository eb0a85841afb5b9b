"""What pydantic says of a value, as phrases: its own English, which the catalogue has in other languages."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from models.language.translate import joined, phrase

MODEL: Final = re.compile(r" or instance of \w+")
SAME: Final = "Input should be "
WANTED: Final = {
    "greater_than": "greater than {gt}",
    "greater_than_equal": "greater than or equal to {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "less than or equal to {le}",
    "multiple_of": "a multiple of {multiple_of}",
    "finite_number": "a finite number",
    "int_type": "a valid integer",
    "int_parsing": "a valid integer, unable to parse string as an integer",
    "int_from_float": "a valid integer, got a number with a fractional part",
    "float_type": "a valid number",
    "float_parsing": "a valid number, unable to parse string as a number",
    "string_type": "a valid string",
    "bool_type": "a valid boolean",
    "bool_parsing": "a valid boolean, unable to interpret input",
    "list_type": "a valid list",
    "tuple_type": "a valid tuple",
    "dict_type": "a valid dictionary",
    "model_type": "a valid dictionary",
    "model_attributes_type": "a valid dictionary or object to extract fields from",
}
"""What pydantic says after `SAME`, by its kinds of faults."""
OTHERS: Final = {
    "too_short": "{field_type} should have at least {min_length} items after validation, not {actual_length}",
    "string_too_short": "String should have at least {min_length} characters",
    "string_too_long": "String should have at most {max_length} characters",
    "string_pattern_mismatch": "String should match pattern '{pattern}'",
}
STUDY_NAME: Final = r"^\w[\w .-]*$"
LORA_NAME: Final = r"^\w[\w-]*$"
PATTERNS: Final = {
    STUDY_NAME: "a name has letters, digits, spaces, _, . and -, and begins with a letter, a digit or _",
    LORA_NAME: "a name here has letters, digits, _ and -, and begins with a letter, a digit or _",
}
"""What patterns of names ask for, in words."""
ONE: Final = {
    "too_short": "{field_type} should have at least {min_length} item after validation, not {actual_length}",
    "string_too_short": "String should have at least {min_length} character",
}
"""As `OTHERS`, where its number is 1."""


def words_of(faults: Sequence[Mapping[str, Any]]) -> str:
    """What is wrong with a value, by the first of its faults, and by two more where a value may be of several kinds."""
    first, *more = dict.fromkeys(_message(fault) for fault in faults)
    wanted = [text.removeprefix(SAME) if not isinstance(text, _Wanted) else text.what for text in more[:2]]
    if not wanted:
        return first.said() if isinstance(first, _Wanted) else first
    if isinstance(first, _Wanted):
        return phrase("Input should be {what}", what=joined(" or ", [first.what, *wanted]))
    return joined(" or ", [first, *wanted])


class _Wanted(str):
    """A message that begins as `SAME`."""

    what: str

    def said(self) -> str:
        return phrase("Input should be {what}", what=self.what)


def _plain(value: Any) -> Any:
    """pydantic writes whole numbers without a point."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _message(fault: Mapping[str, Any]) -> str:
    kind, ctx = fault["type"], {name: _plain(value) for name, value in fault.get("ctx", {}).items()}
    text = MODEL.sub("", str(fault["msg"]))
    if kind == "value_error":
        return str(ctx["error"]) if not ctx["error"].args else ctx["error"].args[0]
    if kind == "literal_error" or kind in WANTED:
        what = joined(" or ", str(ctx["expected"]).split(" or ")) if kind == "literal_error" else phrase(WANTED[kind], **ctx)
        found = _Wanted(text)
        found.what = what
        return found if text == f"{SAME}{what}" else text
    if kind == "string_pattern_mismatch" and ctx["pattern"] in PATTERNS:
        return phrase(PATTERNS[str(ctx["pattern"])])
    for template in (templates[kind] for templates in (OTHERS, ONE) if kind in templates):
        if (made := phrase(template, **ctx)) == text:
            return made
    return text
