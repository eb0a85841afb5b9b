"""Which language a command speaks: what was typed, then HUANHUA_LANG, then the system's own settings."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from models.errors import InputError
from models.language.translate import LANGUAGES, Language, phrase

OPTION: Final = "--lang"
VARIABLE: Final = "HUANHUA_LANG"
LOCALES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")
"""The first of them that is set decides, as in other programs."""


def language_named(name: str, where: str) -> Language:
    """`en` or `zh`, also as a locale: zh-CN, zh_TW.UTF-8. Raises InputError for any other name; `where` is what named it."""
    for language in LANGUAGES:
        if re.fullmatch(rf"{language}([-_.@].*)?", name, re.IGNORECASE):
            return language
    raise InputError(
        phrase("no such language: {name}", name=name), where, phrase("name one of {names}", names=", ".join(LANGUAGES))
    )


def chosen_language(typed: str | None, environment: Mapping[str, str]) -> Language:
    """Raises InputError as `language_named`."""
    if typed is not None:
        return language_named(typed, OPTION)
    if named := environment.get(VARIABLE):
        return language_named(named, VARIABLE)
    locale = next((value for name in LOCALES if (value := environment.get(name))), None) or _windows_locale()
    return "zh" if locale.lower().startswith("zh") else "en"


def typed_language(words: Sequence[str]) -> tuple[str | None, list[str]]:
    """What `--lang` names among the words of a command, wherever it stands, and the words without it. A `--lang` that names
    nothing stays, for the command line to refuse."""
    end = words.index("--") if "--" in words else len(words)
    for place, word in enumerate(words[:end]):
        if word.startswith(f"{OPTION}="):
            return word.partition("=")[2], [*words[:place], *words[place + 1 :]]
        if word == OPTION and place + 1 < end:
            return words[place + 1], [*words[:place], *words[place + 2 :]]
    return None, list(words)


def _windows_locale() -> str:
    """Windows sets none of the variables: it is asked what its own windows speak."""
    if sys.platform != "win32":
        return ""
    import ctypes
    from locale import windows_locale

    return windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage(), "")
