"""The photos of the page that draws boxes, and where the boxes are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, Protocol

from models.boxes import DrawnBoxes, PixelBox, ShareBox

if TYPE_CHECKING:
    from PIL.Image import Image

State = Literal["todo", "part", "done", "skip"]
"""How far a photo is."""


class Album(Protocol):
    """Called by the page's server; `boxes` and `keep` by one thread at a time."""

    @property
    def title(self) -> str:
        """What the page is called."""
        ...

    @property
    def file(self) -> str:
        """Where the boxes are kept, as the page shows it."""
        ...

    @property
    def names(self) -> list[str]:
        """The photos' file names, in order."""
        ...

    def open(self, name: str) -> Image:
        """The upright photo in RGB. Raises InputError for one that does not open."""
        ...

    def boxes(self) -> Mapping[str, DrawnBoxes]:
        """What is kept now, by photo. Raises InputError for a file that cannot be read."""
        ...

    def keep(self, name: str, drawn: DrawnBoxes) -> None:
        """Writes what was drawn on one photo, whole or not at all. Raises InputError where it cannot."""
        ...


def state(drawn: DrawnBoxes) -> State:
    """How far a photo is."""
    if drawn.skip:
        return "skip"
    if drawn.is_complete:
        return "done"
    return "todo" if drawn.thing is None and drawn.wearer is None else "part"


def shares(box: PixelBox | None, size: tuple[int, int]) -> list[float] | None:
    """A box in shares of the photo's sides, as the page has it."""
    if box is None:
        return None
    return [box.left / size[0], box.top / size[1], box.right / size[0], box.bottom / size[1]]


def whole_pixels(box: ShareBox, size: tuple[int, int]) -> PixelBox | None:
    """The box in whole pixels inside the photo; None for one without an inside."""
    sides = [round(min(max(side, 0.0), 1.0) * length) for side, length in zip(box, (*size, *size), strict=True)]
    made = PixelBox(*(float(side) for side in sides))
    return made if made.left < made.right and made.top < made.bottom else None
