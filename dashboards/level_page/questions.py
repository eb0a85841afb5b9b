"""What the page about levels asks, and where the answers go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class PageQuestion:
    """One question: in which of these pictures is a LoRA still good enough?"""

    number: int
    """From 1 on."""
    most: int
    about: str
    """The LoRA."""
    pictures: tuple[Image, ...]
    close_ups: tuple[Image | None, ...]
    """The thing in each picture, larger; None where it was not found."""
    photo: Image | None
    """Of the thing itself."""


class Questions(Protocol):
    """Called by the page's server, by one thread at a time."""

    @property
    def title(self) -> str:
        """What the page is called."""
        ...

    def current(self) -> PageQuestion | None:
        """The question that waits for its answer; None at the end. Raises InputError for a picture that does not open."""
        ...

    def answer(self, enough: Sequence[bool]) -> None:
        """Keeps the answer to the current question, for each of its pictures. Raises InputError where it cannot."""
        ...
