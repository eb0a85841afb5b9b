"""The look-book's page: what stands around the seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dashboards.lookbook import marks
from dashboards.lookbook.book import LookBook
from dashboards.lookbook.document import PageKind, asset, document, settings_list, unveiling
from dashboards.lookbook.words import text
from models.language.translate import said

STYLES: Final = ("colours.css", "page.css", "shots.css", "fitting.css", "trade.css")
SCRIPTS: Final = (
    "nearest.js",
    "requirements.js",
    "scale.js",
    "words.js",
    "shot.js",
    "fitting.js",
    "plot.js",
    "asking.js",
    "page.js",
)
FOOTER: Final = (
    "Made by huanhua from what the study stored. Weights are relative: the same numbers mean something else at another seed, "
    "with another base or other LoRAs."
)
LOOK_BOOK: Final = PageKind("look-book", "the folder holds something else than a look-book")


def page(book: LookBook, sections: Sequence[str], data: str) -> str:
    """`sections` are the seeds' HTML, `data` the JSON of the script."""
    body = f"""<a class="skip" href="#main">{said("To the seeds")}</a>
{_masthead(book)}
<main id="main">
{"".join(sections)}
{_waiting(book)}
</main>
<footer><p>{said(FOOTER)}</p></footer>
<script type="application/json" id="book">{data}</script>"""
    return document(LOOK_BOOK, book.name, asset(STYLES) + marks.style(book.seeds), body, asset(SCRIPTS))


def _masthead(book: LookBook) -> str:
    links = "".join(f'<a href="#seed-{seed.seed}">{seed.seed}</a>' for seed in book.seeds)
    seeds = said("Seeds")
    contents = f'<nav aria-label="{seeds}"><span class="soft">{seeds}</span>{links}</nav>' if len(book.seeds) > 1 else ""
    bare = any(judged.bare for seed in book.seeds for judged in (seed.plain, seed.start, *seed.trials))
    bare |= any(judged.bare for seed in book.seeds for ladder in seed.ladders for _, judged in ladder.steps)
    return (
        f'<header class="masthead"><p class="eyebrow">{said("Look-book")}</p><h1>{text(book.name)}</h1>'
        f'<p class="prompt">{text(book.prompt)}</p>'
        f"{settings_list(book.settings, book.negative)}"
        f'{contents}{unveiling() if bare and book.blurred else ""}<noscript><p class="note">'
        f"{said('The sliders and the plots need JavaScript; everything else does not.')}</p></noscript></header>"
    )


def _waiting(book: LookBook) -> str:
    if not book.waiting:
        return ""
    seeds = ", ".join(str(seed) for seed in book.waiting)
    return f'<p class="note">{said("Locked, but not run yet: {seeds}.", seeds=seeds)}</p>'
