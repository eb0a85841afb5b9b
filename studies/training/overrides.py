"""Settings of a preset that a person changes on the command line: `rank=16`, `plan.epochs=5`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Final, get_type_hints

from models.errors import InputError

if TYPE_CHECKING:
    from trainers.train.preset import Preset


LAID_DOWN: Final = {
    "size": "give it to `huanhua prepare --size`",
    "plan.steps": "rename the folders, such as 20_testdress for twice 10_testdress, or set plan.epochs",
    "plan.reg_ratio": "rename the folders of reg, such as 5_girl",
}
"""What a training set already says, in its pictures and the names of its folders, and how that is changed."""


def changed(preset: Preset, settings: Sequence[str]) -> Preset:
    """The preset with each `name=value` of `settings` put in.

    Raises InputError for unknown names, values of another type, and what the training set lays down.
    """
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise InputError(f"not a setting: {setting}", "--set", "write it as rank=16")
        if name.strip() in LAID_DOWN:
            raise InputError(f"the training set lays that down: {setting}", "--set", LAID_DOWN[name.strip()])
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
    """Words are written as myface,myshoes."""
    return tuple(word for part in value.split(",") if (word := part.strip())) if "tuple" in str(kind) else value


def _read(kind: Any, value: str, setting: str) -> Any:
    from pydantic import TypeAdapter, ValidationError

    given = None if value == "none" else _parts(kind, value)
    try:
        return TypeAdapter(kind).validate_python(given)
    except ValidationError as error:
        raise InputError(f"{error.errors()[0]['msg'].lower()}: {setting}", "--set", "give a value of that kind") from error
