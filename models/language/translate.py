"""What a person reads, in their language: English text is the key, and the catalogue beside this file has the Chinese.

`said` is for text that is printed at once. Text that is also stored, logged or compared is made by `phrase`: it is the English
string, and remembers what it was made of, so that whatever prints it can ask `translated` for the other language.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import GNUTranslations, NullTranslations, translation
from pathlib import Path
from typing import Final, Literal, get_args

from models.language.width import padded

Language = Literal["en", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
DOMAIN: Final = "huanhua"
CATALOGUE: Final = Path(__file__).with_name("catalogue")
_spoken: list[Language] = ["en"]
_asked: ContextVar[Language | None] = ContextVar("asked", default=None)


class Phrase(str):
    """English text that can be said in another language, also after it was pickled. `many` is the template of other numbers of
    things than one, where that differs."""

    template: str
    values: Mapping[str, object]
    many: str
    number: int

    def __new__(cls, template: str, values: Mapping[str, object], many: str = "", number: int = 1) -> Phrase:
        made = super().__new__(cls, _filled(many if many and number != 1 else template, values))
        made.template, made.values, made.many, made.number = template, values, many, number
        return made

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.template, self.values, self.many, self.number)

    def translated(self) -> str:
        values = {name: value.translated() if isinstance(value, Phrase) else value for name, value in self.values.items()}
        if self.many:
            return _filled(_catalogue(spoken()).ngettext(self.template, self.many, self.number), values)
        return _filled(_looked_up(self.template), values)


class Joined(Phrase):
    """Phrases one after another."""

    parts: tuple[str, ...]

    def __new__(cls, separator: str, parts: tuple[str, ...]) -> Joined:
        made = str.__new__(cls, separator.join(parts))
        made.template, made.parts = separator, parts
        return made

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.template, self.parts)

    def translated(self) -> str:
        return _looked_up(self.template).join(part.translated() if isinstance(part, Phrase) else part for part in self.parts)


class Labelled(Phrase):
    """A phrase behind a label of so many columns."""

    label: str
    width: int

    def __new__(cls, label: str, width: int, text: str) -> Labelled:
        made = str.__new__(cls, f"{label:<{width}} {text}")
        made.label, made.width, made.template = label, width, text
        return made

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.label, self.width, self.template)

    def translated(self) -> str:
        return f"{padded(_looked_up(self.label), self.width)} {translated(self.template)}"


def speak(language: Language) -> None:
    """Chooses the language of this process. It is English until then, and for whoever imports the packages."""
    _spoken[0] = language


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Another language than the process's while the block lasts, in this thread or task alone: a service has many readers."""
    before = _asked.set(language)
    try:
        yield
    finally:
        _asked.reset(before)


def spoken() -> Language:
    return _asked.get() or _spoken[0]


def said(text: str, /, **values: object) -> str:
    """`text` in the language of this process, filled with `values`: said("{count} images", count=3)."""
    return Phrase(text, values).translated() if values else _looked_up(text)


def phrase(text: str, /, **values: object) -> Phrase:
    """The English text, filled with `values`, which `translated` says in another language."""
    return Phrase(text, {name: value if isinstance(value, str | int | float) else str(value) for name, value in values.items()})


def counted_phrase(number: int, one: str, many: str) -> Phrase:
    """As `phrase`, of a number of things, which both templates call {number}."""
    return Phrase(one, {"number": number}, many, number)


def joined(separator: str, parts: Iterable[str]) -> Phrase:
    """`separator.join(parts)` as a phrase. Only phrases among the parts and values are said in another language: names stay."""
    return Joined(separator, tuple(parts))


def labelled(label: str, width: int, text: str) -> Phrase:
    """A line for a person, with its label in a column of its own."""
    return Labelled(label, width, text)


def translated(text: str) -> str:
    """A phrase, or a text that has no values, in the language of this process; any other text as it is."""
    return text.translated() if isinstance(text, Phrase) else _looked_up(text)


def _filled(template: str, values: Mapping[str, object]) -> str:
    return template.format(**values) if values else template


def _looked_up(text: str) -> str:
    return _catalogue(spoken()).gettext(text) if text else text


@cache
def _catalogue(language: Language) -> GNUTranslations | NullTranslations:
    return NullTranslations() if language == "en" else translation(DOMAIN, CATALOGUE, [language])
