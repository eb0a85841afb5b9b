"""One image on the page: its frame, its caption, and the blur over what shows little clothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dashboards.lookbook.gallery import LARGE, SMALL, Gallery, Shown
from dashboards.lookbook.words import text
from models.language.translate import said


class Pictured(Protocol):
    """An image that stands on a page."""

    @property
    def image(self) -> Path: ...

    @property
    def bare(self) -> bool:
        """Whether it may show a figure with little clothing."""

    @property
    def failed(self) -> str:
        """Why there is no image; empty if there is one."""


@dataclass(frozen=True)
class Framer:
    """Puts images in the gallery and on the page. `blurred` veils bare ones."""

    gallery: Gallery
    blurred: bool

    def place(self, judged: Pictured, name: str, *, large: bool = False) -> Shown:
        """Puts the image in the gallery under `name`, without a suffix."""
        return self.gallery.place(judged.image, name, LARGE if large else SMALL)

    def veils(self, judged: Pictured) -> bool:
        """Whether the image is blurred until a person asks for it."""
        return self.blurred and judged.bare and not judged.failed

    def figure(self, judged: Pictured, shown: Shown, *, alt: str, caption: str, tone: str = "", eager: bool = False) -> str:
        """`alt` is plain text, `caption` is HTML."""
        tones = f" {tone}" if tone else ""
        frame = self.frame(judged, shown, alt, eager=eager)
        return f'<figure class="shot{tones}">{frame}<figcaption>{caption}</figcaption></figure>'

    def frame(self, judged: Pictured, shown: Shown, alt: str, *, eager: bool = False, veil: bool | None = None) -> str:
        """`veil` is whether the frame can be blurred at all; by default whether its first image needs it."""
        lazy = "" if eager else ' loading="lazy"'
        size = f'width="{shown.width}" height="{shown.height}"'
        image = f'<img src="{text(shown.file)}" {size} alt="{text(alt)}"{lazy} decoding="async">'
        needed = self.veils(judged)
        toggle = _veil() if (needed if veil is None else veil) else ""
        return f'<div class="frame{" bare" if needed else ""}">{image}{toggle}</div>'


def _veil() -> str:
    show, blur = said("Show"), said("Blur")
    return f'<label class="veil"><input type="checkbox"><span class="ask">{show}</span><span class="hide">{blur}</span></label>'
