"""What an image shows of a LoRA, part by part and in words: yes, no or unsure, and which colour is there in place of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from models.language.translate import joined, phrase
from scorers.observe.colours.cells import Cells, read_cells
from scorers.observe.observation import Observation
from scorers.observe.references import References
from scorers.score.garment import seen_region
from scorers.score.parts.named import NamedPart, named_parts
from scorers.score.parts.presence import colour_there, rigid_presence

Answer = Literal["yes", "no", "unsure"]
YES: Final = 0.7
"""Presence, in units of what the photos themselves show, from which a part is there."""
NO: Final = 0.3
"""The same, below which it is not."""


@dataclass(frozen=True)
class ShownPart:
    """`name` is a caption's, or a colour and a place; `instead` is the colour there, where another one is wanted."""

    name: str
    answer: Answer
    presence: float
    """In units of what the photos show themselves; 0 where nothing of it is there."""
    wanted: str
    """The photos' colour there."""
    instead: str | None = None

    def text(self) -> str:
        """`white hem no (pink where the photos are white)`."""
        if self.answer == "yes" or self.instead is None:
            return phrase("{part} {answer}", part=self.name, answer=phrase(self.answer))
        text = "{part} {answer} ({instead} where the photos are {wanted})"
        colours = {"instead": phrase(self.instead), "wanted": phrase(self.wanted)}
        return phrase(text, part=self.name, answer=phrase(self.answer), **colours)

    def to_json(self) -> dict[str, str | float | None]:
        return {
            "part": self.name,
            "shown": self.answer,
            "presence": round(self.presence, 3),
            "wanted": self.wanted,
            "instead": self.instead,
        }


def shown_parts(observation: Observation, references: References) -> tuple[ShownPart, ...]:
    """In the order of the captions' tags; empty where no parts are compared, or the photos share none.

    Everything is unsure where the picture's edge cuts the thing off and not off in the photos: its places are others then.
    """
    parts = named_parts(references.kind, references.cells, references.tags)
    if not parts:
        return ()
    text = _cells_of(observation, references)
    if not text:
        return tuple(ShownPart(one.name, "no", 0.0, one.part.name) for one in parts)
    cells = read_cells(text)
    moved = cells.cut and not all(read_cells(photo).cut for photo in references.cells if photo)
    return tuple(_shown(one, cells, moved=moved) for one in parts)


def in_words(parts: Sequence[ShownPart]) -> str:
    """One line."""
    return joined(", ", [part.text() for part in parts])


def _shown(one: NamedPart, cells: Cells, *, moved: bool) -> ShownPart:
    value = min(1.0, rigid_presence(one.part, cells) / one.usual)
    answer: Answer = "unsure" if moved or NO <= value < YES else "yes" if value >= YES else "no"
    there = None if moved else colour_there(one.part, cells)
    return ShownPart(one.name, answer, value, one.part.name, there if there != one.part.name else None)


def _cells_of(observation: Observation, references: References) -> str:
    figure = observation.of(references.figure)
    seen = figure.face if references.kind == "face" else seen_region(figure, references)
    return "" if seen is None else seen.cells
