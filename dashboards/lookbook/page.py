"""The whole page as one text: its style and script lie inside it, so that it opens from disk without a server."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Final

from dashboards.lookbook import marks
from dashboards.lookbook.book import LookBook
from dashboards.lookbook.words import text
from models.language.translate import Language, said, spoken

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
HTML_LANGUAGES: Final[Mapping[Language, str]] = {"en": "en", "zh": "zh-Hans"}
FOOTER: Final = (
    "Made by huanhua from what the study stored. Weights are relative: the same numbers mean something else at another seed, "
    "with another base or other LoRAs."
)
MARK: Final = '<meta name="generator" content="huanhua look-book">'
"""This line marks a folder as a look-book, which may be overwritten."""


def page(book: LookBook, sections: Sequence[str], data: str) -> str:
    """`sections` are the seeds' HTML, `data` the JSON of the script."""
    script, style = _joined(SCRIPTS), _joined(STYLES) + marks.style(book.seeds)
    return f"""<!doctype html>
<html lang="{HTML_LANGUAGES[spoken()]}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{_policy(script)}">
{MARK}
<title>{text(book.name)} · {said("look-book")}</title>
<style>{style}</style>
</head>
<body>
<a class="skip" href="#main">{said("To the seeds")}</a>
{_masthead(book)}
<main id="main">
{"".join(sections)}
{_waiting(book)}
</main>
<footer><p>{said(FOOTER)}</p></footer>
<script type="application/json" id="book">{data}</script>
<script>{script}</script>
</body>
</html>
"""


def _joined(names: Sequence[str]) -> str:
    folder = files("dashboards.lookbook") / "page"
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in names)


def _policy(script: str) -> str:
    """Runs this page's own script and nothing else, and lets nothing leave the page."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    shut = "; ".join(f"{kind} 'none'" for kind in ("connect-src", "object-src", "frame-src", "base-uri", "form-action"))
    return f"script-src 'sha256-{digest}'; {shut}"


def _masthead(book: LookBook) -> str:
    links = "".join(f'<a href="#seed-{seed.seed}">{seed.seed}</a>' for seed in book.seeds)
    seeds = said("Seeds")
    contents = f'<nav aria-label="{seeds}"><span class="soft">{seeds}</span>{links}</nav>' if len(book.seeds) > 1 else ""
    settings = "".join(f"<div><dt>{text(said(name))}</dt><dd>{text(value)}</dd></div>" for name, value in book.settings)
    negative = f'<h3>{said("Negative prompt")}</h3><p class="prompt">{text(book.negative)}</p>' if book.negative else ""
    bare = any(judged.bare for seed in book.seeds for judged in (seed.plain, seed.start, *seed.trials))
    bare |= any(judged.bare for seed in book.seeds for ladder in seed.ladders for _, judged in ladder.steps)
    return (
        f'<header class="masthead"><p class="eyebrow">{said("Look-book")}</p><h1>{text(book.name)}</h1>'
        f'<p class="prompt">{text(book.prompt)}</p>'
        f"<details><summary>{said('How it was drawn')}</summary><dl>{settings}</dl>{negative}</details>"
        f'{contents}{_unveil() if bare and book.blurred else ""}<noscript><p class="note">'
        f"{said('The sliders and the plots need JavaScript; everything else does not.')}</p></noscript></header>"
    )


def _unveil() -> str:
    return (
        f'<p class="unveil"><label><input type="checkbox" id="unveil"> {said("Show images with little clothing")}</label> '
        f'<span class="soft">{said("They are blurred on this page; the files beside it are not.")}</span></p>'
    )


def _waiting(book: LookBook) -> str:
    if not book.waiting:
        return ""
    seeds = ", ".join(str(seed) for seed in book.waiting)
    return f'<p class="note">{said("Locked, but not run yet: {seeds}.", seeds=seeds)}</p>'
