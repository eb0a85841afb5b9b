"""The Chinese catalogue says what the code says: no entry that nothing prints, no text without an entry, the same values."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from gettext import GNUTranslations
from inspect import cleandoc
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.pofile import read_po

from models.language.translate import CATALOGUE, DOMAIN, LANGUAGES

ROOT = Path(__file__).parents[3]
PRODUCT = ("huanhua", "models", "trainers", "scorers", "optimizer", "studies", "dashboards")
TYPERS = {"Show this message and exit."}
"""What typer prints of its own."""
OTHERS = [language for language in LANGUAGES if language != "en"]


@cache
def trees() -> list[ast.Module]:
    files = (path for package in PRODUCT for path in sorted((ROOT / package).rglob("*.py")))
    return [ast.parse(path.read_text(encoding="utf-8")) for path in files]


def texts() -> Iterator[str]:
    """Every string of the code, docstrings as `--help` prints them, and the templates that `counted` makes."""
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
                yield " ".join(cleandoc(node.value).split())
    for name, words in calls():
        if name == "counted" and len(words) > 1:
            yield from (f"{{number}} {words[1]}", f"{{number}} {words[2] if len(words) > 2 else f'{words[1]}s'}")


def calls() -> Iterator[tuple[str, list[str]]]:
    """Calls of plain functions with the strings among their arguments; other arguments as empty ones."""
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                values = [arg.value if isinstance(arg, ast.Constant) else "" for arg in node.args]
                yield node.func.id, [value if isinstance(value, str) else "" for value in values]


def entries(language: str) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """English and translated forms, of one or of several numbers."""
    with (CATALOGUE / language / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as file:
        read = [message for message in read_po(file, locale=language) if message.id]
    return [(_forms(message.id), _forms(message.string)) for message in read]


def _forms(text: object) -> tuple[str, ...]:
    return tuple(map(str, text)) if isinstance(text, list | tuple) else (str(text),)


def fields(template: str) -> set[tuple[str, str]]:
    return {(name, spec or "") for _, name, spec, _ in Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("language", OTHERS)
def test_no_entry_is_dead(language: str) -> None:
    printed = set(texts()) | TYPERS
    assert [text for english, _ in entries(language) for text in english if text not in printed] == []


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_that_is_said_lacks_an_entry(language: str) -> None:
    known = {text for english, _ in entries(language) for text in english}
    asked = {words[0] for name, words in calls() if name in ("said", "phrase") and words and words[0]}
    assert sorted(asked - known) == []


@pytest.mark.parametrize("language", OTHERS)
def test_placeholders_agree(language: str) -> None:
    for english, others in entries(language):
        if "{" in english[0] and "{lora, enough" not in english[0]:
            assert [fields(other) for other in others] == [fields(english[-1])] * len(others), english


@pytest.mark.parametrize("language", OTHERS)
def test_the_compiled_catalogue_is_of_these_entries(language: str) -> None:
    """`pybabel compile -D huanhua -d models/language/catalogue` writes it."""
    with (CATALOGUE / language / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as file:
        compiled = GNUTranslations(file)
    for english, others in entries(language):
        found = compiled.ngettext(english[0], english[1], 2) if len(english) > 1 else compiled.gettext(english[0])
        assert found == others[0]
