"""Pictures in the terminal: kitty's and sixel graphics where it answers that it has them, else blocks of colour."""

from __future__ import annotations

import io
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.Image import Image
    from rich.console import Console
    from rich.text import Text

COLOURS: Final = ("256", "truecolor")
MARGIN_ROWS: Final = 4
LARGEST_ROWS: Final = 40


def can_show(console: Console) -> bool:
    """Whether pictures are shown there: in a terminal with colours that a person did not switch off."""
    named = os.environ.get("TERM", "") not in ("dumb", "")
    return console.is_terminal and named and not console.no_color and console.color_system in COLOURS


def ask_terminal(console: Console) -> None:
    """Asks the terminal once what it can show; before anything else reads its keys, and before a view is drawn over and over."""
    if not can_show(console):
        return
    # What it does not answer is a default, and nothing that a person needs to read.
    logging.getLogger("textual_image").setLevel(logging.CRITICAL)
    import textual_image.renderable  # noqa: F401
    from textual_image._terminal import get_cell_size

    get_cell_size()


def blocks(path: Path, rows: int, *, hidden: bool = False) -> Text:
    """As blocks of colour, `rows` high, drawn once: what may be shown over and over. `hidden` blurs it."""
    from rich.console import Console
    from rich.text import Text
    from textual_image.renderable import HalfcellImage

    image = _opened(path, hidden)
    columns = _columns(image.size, rows)
    screen = Console(width=columns, height=rows, force_terminal=True, color_system="truecolor", file=io.StringIO())
    lines = screen.render_lines(HalfcellImage(image, width=columns, height=rows), pad=False)
    text = Text(no_wrap=True, end="")
    for place, line in enumerate(lines):
        text.append("\n" if place else "")
        for segment in line:
            text.append(segment.text, segment.style)
    return text


def print_large(console: Console, path: Path, *, hidden: bool = False) -> bool:
    """Prints a picture as large as fits, as well as the terminal can; returns whether it can at all."""
    if not can_show(console):
        return False
    from textual_image.renderable import HalfcellImage, SixelImage, TGPImage
    from textual_image.renderable import Image as Best

    image, rows = _opened(path, hidden), max(8, min(LARGEST_ROWS, console.height - MARGIN_ROWS))
    columns = _columns(image.size, rows)
    if columns > console.width:
        columns, rows = console.width, max(1, rows * console.width // columns)
    kind = Best if Best in (SixelImage, TGPImage) else HalfcellImage
    console.print(kind(image, width=columns, height=rows))
    return True


def _columns(size: tuple[int, int], rows: int) -> int:
    """A cell is about twice as high as wide."""
    return max(1, round(2 * rows * size[0] / size[1]))


def _opened(path: Path, hidden: bool) -> Image:
    from models.io.blur_filter import blurred
    from models.io.images import open_photo

    image = open_photo(path)
    return blurred(image) if hidden else image
