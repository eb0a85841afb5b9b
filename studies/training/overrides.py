"""Settings of a preset that a person overrides on the command line: `rank=16`, `plan.epochs=5`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Final, get_type_hints

from models.errors import InputError
from models.language.translate import phrase

if TYPE_CHECKING:
    from trainers.train.settings.preset import Preset


FIXED_BY_SET: Final = {
    "size": "give it to `huanhua prepare --size`",
    "plan.steps": "rename the folders, such as 20_testdress for twice 10_testdress, or set plan.epochs",
    "plan.reg_ratio": "rename the folders of reg, such as 5_girl",
}
"""Settings that a training set fixes by its images and folder names, and how to change each."""


def overridden(preset: Preset, settings: Sequence[str]) -> Preset:
    """The preset with each `name=value` of `settings`.

    Raises InputError for unknown names, values of another type, and what the training set fixes.
    """
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise InputError(phrase("not a setting: {setting}", setting=setting), "--set", "write it as rank=16")
        if name.strip() in FIXED_BY_SET:
            raise InputError(
                phrase("the training set lays that down: {setting}", setting=setting), "--set", FIXED_BY_SET[name.strip()]
            )
        preset = _replaced(preset, name.strip().split("."), value.strip(), setting)
    return preset


def _replaced(settings: Any, path: list[str], value: str, setting: str) -> Any:
    name, *rest = path
    names = [field.name for field in fields(settings)]
    if name not in names:
        raise InputError(
            phrase("no such setting: {setting}", setting=setting), "--set", phrase("use one of: {names}", names=", ".join(names))
        )
    inner = getattr(settings, name)
    if is_dataclass(inner):
        if not rest:
            parts = ", ".join(f"{name}.{field.name}" for field in fields(inner))
            raise InputError(
                phrase("'{name}' has parts: {setting}", name=name, setting=setting),
                "--set",
                phrase("use one of: {parts}", parts=parts),
            )
        return replace(settings, **{name: _replaced(inner, rest, value, setting)})
    if rest:
        raise InputError(
            phrase("'{name}' has no parts: {setting}", name=name, setting=setting),
            "--set",
            phrase("write it as {name}=VALUE", name=name),
        )
    return replace(settings, **{name: _parsed(get_type_hints(type(settings))[name], value, setting)})


def _split(kind: Any, value: str) -> Any:
    """A list of words is written as myface,myshoes."""
    return tuple(word for part in value.split(",") if (word := part.strip())) if "tuple" in str(kind) else value


def _parsed(kind: Any, value: str, setting: str) -> Any:
    from pydantic import TypeAdapter, ValidationError

    from studies.spec_reading.fault_words import words_of

    raw = None if value == "none" else _split(kind, value)
    try:
        return TypeAdapter(kind).validate_python(raw)
    except ValidationError as error:
        what = phrase("{name}: {fault}", name=setting, fault=words_of(error.errors()[:1]))
        raise InputError(what, "--set", "give a value of that kind") from error
