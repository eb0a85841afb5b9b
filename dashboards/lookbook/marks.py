"""The verdicts of a page: their colours as style, and their legend."""

from __future__ import annotations

from collections.abc import Iterable

from dashboards.lookbook.book import SeedPage
from dashboards.lookbook.words import text
from dashboards.mark import SYMBOLS, Mark, in_drawing_order
from models.language.translate import said


def class_of(mark: Mark) -> str:
    """The CSS class of what has this verdict."""
    return f"mark-{mark.name.lower()}"


def marks_of(seed: SeedPage) -> list[Mark]:
    """Those of the seed's trials, in drawing order."""
    return in_drawing_order(trial.mark for trial in seed.trials if trial.mark is not None)


def style(seeds: Iterable[SeedPage]) -> str:
    """One rule a verdict of these seeds, with its colours on a light and on a dark ground."""
    return style_of(mark for seed in seeds for mark in marks_of(seed))


def style_of(marks: Iterable[Mark]) -> str:
    """As `style`, of these verdicts."""
    marks = in_drawing_order(marks)
    light = "".join(_rule(mark, mark.colour) for mark in marks)
    dark = "".join(_rule(mark, mark.dark_colour) for mark in marks)
    return f"{light}@media (prefers-color-scheme: dark) {{{dark}}}"


def legend(seed: SeedPage) -> str:
    """Of the plot: what each symbol means, the best verdict first."""
    entries = "".join(
        f'<span class="{class_of(mark)}"><b>{SYMBOLS[mark.symbol].letter}</b> {text(said(mark.word))}</span>'
        for mark in reversed(marks_of(seed))
    )
    pick = f'<span class="chosen">{said("the pick")}</span>' if seed.pick is not None else ""
    return f'<p class="legend">{entries}{pick}</p>'


def _rule(mark: Mark, colour: str) -> str:
    return f".{class_of(mark)} {{ --mark: {colour}; }}"
