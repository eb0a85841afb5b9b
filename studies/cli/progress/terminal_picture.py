"""Pictures in the terminal: iTerm2's inline images where its name tells of them, kitty's and sixel graphics where it answers that
it has them, else blocks of colour."""

from __future__ import annotations

import base64
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
INLINE: Final = ("iTerm.app", "WezTerm")
"""Values of TERM_PROGRAM of terminals with iTerm2's inline images."""


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
    image, rows = _opened(path, hidden), max(8, min(LARGEST_ROWS, console.height - MARGIN_ROWS))
    columns = _columns(image.size, rows)
    if columns > console.width:
        columns, rows = console.width, max(1, rows * console.width // columns)
    if has_inline_images():
        _print_inline(console, image, columns, rows)
        return True
    from textual_image.renderable import HalfcellImage, SixelImage, TGPImage
    from textual_image.renderable import Image as Best

    kind = Best if Best in (SixelImage, TGPImage) else HalfcellImage
    console.print(kind(image, width=columns, height=rows))
    return True


def has_inline_images() -> bool:
    """Whether the terminal draws iTerm2's inline images, by the names that it goes by: there is no question to ask it.

    tmux and screen let nothing of that through. LC_TERMINAL alone tells in a shell on another machine; an editor that iTerm2
    started keeps it too, but its terminal has a TERM_PROGRAM of its own.
    """
    if os.environ.get("TMUX") or os.environ.get("TERM", "").startswith(("tmux", "screen")):
        return False
    program = os.environ.get("TERM_PROGRAM", "")
    return program in INLINE or (not program and os.environ.get("LC_TERMINAL") == "iTerm2")


def _print_inline(console: Console, image: Image, columns: int, rows: int) -> None:
    """textual-image lacks this protocol (OSC 1337, https://iterm2.com/documentation-images.html)."""
    from rich.control import Control
    from rich.segment import ControlType, Segment

    # As JPEG, since it may go through ssh.
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=95, subsampling=0)
    content = stream.getvalue()
    options = f"inline=1;width={columns};height={rows};preserveAspectRatio=1;size={len(content)}"
    sequence = Control()
    # Rich passes on as it is what it takes for a control code.
    sequence.segment = Segment(f"\x1b]1337;File={options}:{base64.b64encode(content).decode()}\a", None, [(ControlType.BELL,)])
    console.print(sequence)
    console.print()


def _columns(size: tuple[int, int], rows: int) -> int:
    """A cell is about twice as high as wide."""
    return max(1, round(2 * rows * size[0] / size[1]))


def _opened(path: Path, hidden: bool) -> Image:
    from models.io.blur_filter import blurred
    from models.io.images import open_drawn

    image = open_drawn(path)
    return blurred(image) if hidden else image
