"""Settings of a preset that a person changes on the command line: `rank=16`, `plan.epochs=5`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, get_type_hints

from models.errors import InputError

if TYPE_CHECKING:
    from trainers.preset import Preset


def changed(preset: Preset, settings: Sequence[str]) -> Preset:
    """The preset with each `name=value` of `settings` put in. Raises InputError for unknown names and values of another type."""
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise InputError(f"not a setting: {setting}", "--set", "write it as rank=16")
        preset = _put(preset, name.strip().split("."), value.strip(), setting)
    return preset


def _put(held: Any, path: list[str], value: str, setting: str) -> Any:
    name, *rest = path
    known = [field.name for field in fields(held)]
    if name not in known:
        raise InputError(f"no such setting: {setting}", "--set", f"use one of: {', '.join(known)}")
    inner = getattr(held, name)
    if is_dataclass(inner):
        if not rest:
            parts = ", ".join(f"{name}.{field.name}" for field in fields(inner))
            raise InputError(f"'{name}' has parts: {setting}", "--set", f"use one of: {parts}")
        return replace(held, **{name: _put(inner, rest, value, setting)})
    if rest:
        raise InputError(f"'{name}' has no parts: {setting}", "--set", f"write it as {name}=VALUE")
    return replace(held, **{name: _read(get_type_hints(type(held))[name], value, setting)})


def _parts(kind: Any, value: str) -> Any:
    """A size is written as 64x96, words as myface,myshoes."""
    if "tuple" not in str(kind):
        return value
    if "str" in str(kind):
        return tuple(word for part in value.split(",") if (word := part.strip()))
    return tuple(value.split("x"))


def _read(kind: Any, value: str, setting: str) -> Any:
    from pydantic import TypeAdapter, ValidationError

    given = None if value == "none" else _parts(kind, value)
    try:
        return TypeAdapter(kind).validate_python(given)
    except ValidationError as error:
        raise InputError(f"{error.errors()[0]['msg'].lower()}: {setting}", "--set", "give a value of that kind") from error
