"""The one exception for bad input: a person reads its line, the program exits with status 2."""

from __future__ import annotations

import os
from pathlib import Path

from models.language.translate import Phrase, phrase


def first_line(error: Exception, letters: int = 120) -> str:
    """What an error that is ours says. Of a library's error what fits into one line: the first line of its message, in quotes
    since its words and language are not ours, or else its class."""
    if isinstance(error, InputError):
        return error.told()
    if error.args and isinstance(error.args[0], Phrase):
        return error.args[0]
    line = next((line for line in str(error).splitlines() if line.strip()), "")
    return f'"{line[:letters]}"' if line else type(error).__name__


class InputError(Exception):
    """What is wrong, where, and how to mend it, in one line of printable letters: names out of files move no cursor."""

    def __init__(self, what: str, where: object, mend: str) -> None:
        self.what, self.mend = (text if isinstance(text, Phrase) else phrase(text) for text in (what, mend))
        self.where = where if isinstance(where, Phrase) else str(_short(where) if isinstance(where, Path) else where)
        super().__init__(_one_line(f"{what}: {self.where}; {mend}"))

    def translated(self) -> str:
        """The line in the language of this process."""
        return _one_line(self.told().translated())

    def told(self) -> Phrase:
        """The line as a part of another text that is said in the language of its reader."""
        return phrase("{what}: {where}; {mend}", what=self.what, where=self.where, mend=self.mend)

    def __reduce__(self) -> tuple[type[InputError], tuple[str, str, str]]:
        """Pickled by its parts, so that it comes back whole from another process."""
        return type(self), (self.what, self.where, self.mend)


class TakenError(InputError):
    """Somebody else is at it, or has the name: the same may be right a little later."""


def _short(path: Path) -> Path:
    """Without a folder that is left again at once, as a study's folder and a name in its file make it: a/../b is b. Beyond a link
    it may be another place, and stays as it is."""
    short = Path(os.path.normpath(path))
    if ".." not in path.parts or len(short.parts) >= len(path.parts):
        return path
    try:
        same = path.resolve() == short.resolve()
    except (OSError, RuntimeError):
        return path
    return short if same else path


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in " ".join(text.split()))
