"""The contents of a LoRA report's page as plain values; texts are phrases, said in the language of the page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Shot:
    """One image with its caption."""

    image: Path
    title: str
    lines: tuple[str, ...]
    bare: bool = False
    failed: str = ""


@dataclass(frozen=True)
class Strip:
    """Images in a row."""

    title: str
    shots: tuple[Shot, ...]


@dataclass(frozen=True)
class Reading:
    """What a line shows at one weight: the median over seeds, and the least and the most."""

    weight: float
    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class Line:
    """One line of a chart."""

    label: str
    readings: tuple[Reading, ...]
    muted: bool = False
    """Of many, one that is not told."""


@dataclass(frozen=True)
class Level:
    """A value to compare with, drawn across the chart."""

    label: str
    value: float


@dataclass(frozen=True)
class Chart:
    """Readings by weight."""

    title: str
    lead: str
    lines: tuple[Line, ...]
    levels: tuple[Level, ...] = ()
    least_top: float = 0.0
    """What the vertical axis reaches at least."""
    bottom: float | None = 0.0
    """Where the vertical axis begins; None for a little below the lowest value."""


@dataclass(frozen=True)
class Table:
    """Words and numbers in rows; the first column heads its row."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    chosen: int | None = None
    """The row that is told."""


@dataclass(frozen=True)
class Passage:
    """A part of a LoRA's section: what it says, and what shows it."""

    title: str
    sentences: tuple[str, ...]
    strips: tuple[Strip, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Section:
    """One LoRA, or two that are compared."""

    anchor: str
    """Names the section in addresses."""
    eyebrow: str
    name: str
    answer: str
    facts: tuple[str, ...]
    passages: tuple[Passage, ...]


@dataclass(frozen=True)
class ReportPage:
    """The whole page."""

    name: str
    prompt: str
    negative: str
    settings: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    blurred: bool
    """Whether images with little clothing are blurred until a person asks for them."""
