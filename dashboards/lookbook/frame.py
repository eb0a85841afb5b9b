"""One image on the page: its frame, its caption, and the veil over what shows little clothing."""

from __future__ import annotations

from dataclasses import dataclass

from dashboards.lookbook.book import Look
from dashboards.lookbook.gallery import LARGE, SMALL, Gallery, Shown
from dashboards.lookbook.words import text


@dataclass(frozen=True)
class Framer:
    """Puts images in the gallery and on the page. `blurred` veils bare ones."""

    gallery: Gallery
    blurred: bool

    def place(self, look: Look, name: str, *, large: bool = False) -> Shown:
        return self.gallery.place(look.image, name, LARGE if large else SMALL)

    def veils(self, look: Look) -> bool:
        return self.blurred and look.bare and not look.failed

    def figure(self, look: Look, shown: Shown, *, alt: str, caption: str, tone: str = "", eager: bool = False) -> str:
        """`alt` is plain text, `caption` is HTML."""
        tones = f" {tone}" if tone else ""
        return (
            f'<figure class="shot{tones}">{self.frame(look, shown, alt, eager=eager)}<figcaption>{caption}</figcaption></figure>'
        )

    def frame(self, look: Look, shown: Shown, alt: str, *, eager: bool = False, veil: bool | None = None) -> str:
        """`veil` says whether there is a veil at all, for a frame whose image a script changes; by default where it is needed."""
        lazy = "" if eager else ' loading="lazy"'
        size = f'width="{shown.width}" height="{shown.height}"'
        image = f'<img src="{text(shown.file)}" {size} alt="{text(alt)}"{lazy} decoding="async">'
        needed = self.veils(look)
        toggle = VEIL if (needed if veil is None else veil) else ""
        return f'<div class="frame{" bare" if needed else ""}">{image}{toggle}</div>'


VEIL = '<label class="veil"><input type="checkbox"><span class="ask">Show</span><span class="hide">Blur</span></label>'
