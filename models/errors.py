"""The one exception for bad input: a person reads its line, the program exits with status 2."""

from __future__ import annotations


def first_line(error: Exception, letters: int = 120) -> str:
    """The first line of an error's message, or else its class: what of a library's error fits into one line."""
    return (str(error).splitlines() or [type(error).__name__])[0][:letters]


class InputError(Exception):
    """What is wrong, where, and how to mend it, in one line of printable letters: names out of files move no cursor."""

    def __init__(self, what: str, where: object, mend: str) -> None:
        self.what, self.where, self.mend = what, str(where), mend
        line = " ".join(f"{what}: {where}; {mend}".split())
        super().__init__("".join(c if c.isprintable() else ascii(c)[1:-1] for c in line))

    def __reduce__(self) -> tuple[type[InputError], tuple[str, str, str]]:
        """Pickled by its parts, so that it comes back whole from another process."""
        return type(self), (self.what, self.where, self.mend)
