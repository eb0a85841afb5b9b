"""What all sections of study.yaml have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_args

from pydantic import AliasChoices, BaseModel, ConfigDict, ValidationError, model_validator

from models.language.translate import phrase


class Section(BaseModel):
    """Immutable; refuses unknown keys. The docstring under a field becomes its description in the JSON schema."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _no_truths_for_numbers(cls, given: Any) -> Any:
        """pydantic reads true as 1: a schedule would end there, and a weight be 1."""
        for key, value in given.items() if isinstance(given, Mapping) else ():
            if key in _numbers(cls) and not (isinstance(value, Mapping) and _numbers(cls)[key]) and _holds_truth(value):
                error = ValueError(phrase("numbers stand here, not true or false"))
                # With the key in its place, as what is wrong with a field has it.
                raise ValidationError.from_exception_data(
                    cls.__name__, [{"type": "value_error", "loc": (key,), "input": value, "ctx": {"error": error}}]
                )
        return given


@cache
def _numbers(section: type[Section]) -> dict[str, bool]:
    """Keys at which numbers stand, alone or in lists and tables, and nowhere true or false; and whether a table there is a
    section, which says so of its own keys."""
    found: dict[str, bool] = {}
    for name, field in section.model_fields.items():
        kinds = {kind if isinstance(kind, type) else type(kind) for kind in _kinds(field.annotation)}
        if kinds & {int, float} and bool not in kinds:
            named = field.validation_alias
            names = named.choices if isinstance(named, AliasChoices) else [named or name]
            found |= dict.fromkeys(map(str, names), any(issubclass(kind, Section) for kind in kinds))
    return found


def _kinds(annotation: Any) -> Iterator[Any]:
    """The types that an annotation is made of; of literals their values."""
    inner = get_args(annotation)
    if not inner:
        yield annotation
    for one in inner:
        yield from _kinds(one)


def _holds_truth(given: object) -> bool:
    """Whether true or false stands there, alone or in lists and tables."""
    if isinstance(given, Mapping):
        return any(map(_holds_truth, given.values()))
    return any(map(_holds_truth, given)) if isinstance(given, (list, tuple)) else isinstance(given, bool)
