"""Labelled sheets of pictures: contact sheets, ladders, and grids of weight against weight.

Lengths are pixels. A sheet is a table: a title, a row of column labels, rows with a label each, and a footer. Every cell holds a
picture with a frame whose colour shows its tone, and lines of text below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from dashboards.fonts import drawable, legible
from dashboards.mark import Mark
from models.boxes import PixelBox
from models.language.translate import phrase
from models.language.width import pieces

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

Tone: TypeAlias = Literal["bad", "plain", "pick"]

PAPER, INK, SOFT = "#ffffff", "#1c2128", "#57606a"
FRAMES: Final[dict[Tone, str]] = {"bad": "#d1453b", "plain": "#c9ced6", "pick": "#1f5fd0"}
FRAME: Final[dict[Tone, int]] = {"bad": 3, "plain": 1, "pick": 7}
MARKED: Final = 3
"""The width of the frame of an image with a verdict."""
BOX_COLOURS: Final = ("#e0701a", "#1f5fd0", "#7c3aed", "#0f8a7e", "#c2255c")
MARGIN, GAP, EDGE = 28, 18, 8
TITLE, LABEL, SMALL = 24, 17, 15
ROW_LABEL = 150


@dataclass(frozen=True)
class LabelledBox:
    """A rectangle drawn on a cell's picture."""

    box: PixelBox
    """In the picture's own pixels, before it is enlarged."""
    label: str = ""


@dataclass(frozen=True)
class Cell:
    """One picture of a sheet. None draws an empty place, for what was not rendered."""

    image: Image | None
    lines: tuple[str, ...] = ()
    tone: Tone = "plain"
    boxes: tuple[LabelledBox, ...] = ()
    mark: Mark | None = None
    """Its verdict colours the last line, and the frame but that of a pick."""

    @property
    def frame(self) -> tuple[str, int]:
        """The colour of the frame, and its width."""
        if self.mark is not None and self.tone != "pick":
            return self.mark.colour, MARKED
        return FRAMES[self.tone], FRAME[self.tone]

    @property
    def verdict_colour(self) -> str:
        if self.mark is not None:
            return self.mark.colour
        return FRAMES["bad"] if self.tone == "bad" else INK


@dataclass(frozen=True)
class _Block:
    """Text broken into lines that fit a width."""

    lines: tuple[str, ...]
    size: int
    colour: str = INK
    last: tuple[int, str] = (0, INK)
    """How many of the last lines have another colour, and which."""

    def colour_of(self, line: int) -> str:
        count, colour = self.last
        return colour if line >= len(self.lines) - count else self.colour

    @property
    def height(self) -> int:
        return len(self.lines) * _line_height(self.size)


def sheet(
    cells: Sequence[Sequence[Cell]],
    *,
    title: str = "",
    column_labels: Sequence[str] = (),
    row_labels: Sequence[str] = (),
    footer: str = "",
    tall: int = 384,
) -> Image:
    """Draws rows of cells; rows may differ in length. Pictures are shown about `tall` pixels high, small ones by a whole factor.

    Raises ValueError if there is no cell at all.
    """
    from PIL import Image, ImageDraw

    if not any(cells):
        raise ValueError("a sheet needs at least one cell")
    table = _Table(cells, column_labels, row_labels, tall)
    width = max(table.width + 2 * MARGIN, 480)
    heading = wrap(title, width - 2 * MARGIN, TITLE)
    closing = wrap(footer, width - 2 * MARGIN, SMALL, SOFT)
    top = MARGIN + (heading.height + GAP if title else 0)
    height = top + table.height + (GAP + closing.height if footer else 0) + MARGIN
    paper = Image.new("RGB", (width, height), PAPER)
    pen = ImageDraw.Draw(paper)
    _write(pen, heading, MARGIN, MARGIN)
    table.paint(paper, pen, MARGIN, top)
    _write(pen, closing, MARGIN, height - MARGIN - closing.height)
    return paper


class _Table:
    """Measures every row and column first, so that nothing is clipped, then paints."""

    def __init__(self, cells: Sequence[Sequence[Cell]], columns: Sequence[str], rows: Sequence[str], tall: int) -> None:
        self.cells, self.tall = cells, tall
        self.left = ROW_LABEL if any(rows) else 0
        sizes = [[shown_size(cell.image, tall) for cell in row] for row in cells]
        count = max(len(row) for row in sizes)
        self.widths = [max(row[i][0] for row in sizes if i < len(row)) for i in range(count)]
        self.columns = [wrap(text, width, LABEL) for text, width in zip(columns, self.widths, strict=False)]
        self.rows = [wrap(text, ROW_LABEL - GAP, LABEL) for text in rows]
        self.texts = [[_cell_text(cell, width) for cell, width in zip(row, self.widths, strict=False)] for row in cells]
        self.images = [max(size[1] for size in row) if row else 0 for row in sizes]
        self.heights = [
            max(image + EDGE + max((text.height for text in texts), default=0), self._label(i).height)
            for i, (image, texts) in enumerate(zip(self.images, self.texts, strict=True))
        ]
        self.head = max((block.height for block in self.columns), default=0) + (EDGE if any(columns) else 0)

    @property
    def width(self) -> int:
        return self.left + sum(self.widths) + GAP * (len(self.widths) - 1)

    @property
    def height(self) -> int:
        return self.head + sum(self.heights) + GAP * (len(self.heights) - 1)

    def paint(self, paper: Image, pen: ImageDraw, left: int, top: int) -> None:
        lefts = [left + self.left + sum(self.widths[:i]) + GAP * i for i in range(len(self.widths))]
        for block, x, width in zip(self.columns, lefts, self.widths, strict=False):
            _write(pen, block, x + width / 2, top + self.head - EDGE - block.height, anchor="ms")
        y = top + self.head
        for i, row in enumerate(self.cells):
            label = self._label(i)
            _write(pen, label, left, y + max(0, (self.images[i] - label.height) // 2))
            for cell, text, x, width in zip(row, self.texts[i], lefts, self.widths, strict=False):
                _paint_cell(paper, pen, cell, (x, y, width, self.images[i]), self.tall)
                _write(pen, text, x, y + self.images[i] + EDGE)
            y += self.heights[i] + GAP

    def _label(self, row: int) -> _Block:
        return self.rows[row] if row < len(self.rows) else _Block((), LABEL)


def _cell_text(cell: Cell, width: int) -> _Block:
    blocks = [wrap(text, width, SMALL).lines for text in cell.lines]
    lines = tuple(line for block in blocks for line in block)
    if cell.mark is None:
        return _Block(lines, SMALL, cell.verdict_colour)
    return _Block(lines, SMALL, INK, (len(blocks[-1]) if blocks else 0, cell.verdict_colour))


def shown_size(image: Image | None, tall: int) -> tuple[int, int]:
    """How large a picture is drawn: enlarged by a whole factor towards `tall`, or reduced to it."""
    if image is None:
        return tall * 2 // 3, tall
    longest = max(image.size)
    if longest > tall * 1.25:
        return max(1, round(image.width * tall / longest)), max(1, round(image.height * tall / longest))
    factor = max(1, round(tall / longest))
    return image.width * factor, image.height * factor


def _paint_cell(paper: Image, pen: ImageDraw, cell: Cell, place: tuple[int, int, int, int], tall: int) -> None:
    from PIL import Image

    x, y, width, height = place
    shown = shown_size(cell.image, tall)
    x, y = x + (width - shown[0]) // 2, y + height - shown[1]
    if cell.image is None:
        pen.rectangle((x, y, x + shown[0] - 1, y + shown[1] - 1), fill="#f3f4f6")
        _frame(pen, (x, y), shown, cell)
        return
    paper.paste(cell.image.convert("RGB").resize(shown, Image.Resampling.LANCZOS), (x, y))
    scale = shown[0] / cell.image.width
    for i, box in enumerate(cell.boxes):
        _paint_box(pen, box, BOX_COLOURS[i % len(BOX_COLOURS)], (x, y, *shown), scale)
    _frame(pen, (x, y), shown, cell)


def _paint_box(pen: ImageDraw, marked: LabelledBox, colour: str, area: tuple[int, int, int, int], scale: float) -> None:
    (x, y, width, height), box = area, marked.box
    left, right = (min(max(x + value * scale, x), x + width - 1) for value in (box.left, box.right))
    top, bottom = (min(max(y + value * scale, y), y + height - 1) for value in (box.top, box.bottom))
    if right <= left or bottom <= top:
        return
    pen.rectangle((left, top, right, bottom), outline=colour, width=3)
    if marked.label:
        _flag(pen, marked.label, left, top, colour, (x, x + width))


def _frame(pen: ImageDraw, corner: tuple[int, int], shown: tuple[int, int], cell: Cell) -> None:
    """The frame lies outside the picture, so that it hides none of it."""
    (x, y), (colour, thick) = corner, cell.frame
    pen.rectangle((x - thick, y - thick, x + shown[0] + thick - 1, y + shown[1] + thick - 1), outline=colour, width=thick)
    if cell.tone == "pick":
        _flag(pen, phrase("PICK"), x, y, colour, (x, x + shown[0]))


def _flag(pen: ImageDraw, text: str, x: float, y: float, colour: str, area: tuple[float, float]) -> None:
    """Writes on a picture that reaches from `area[0]` to `area[1]`; one too narrow for the text goes without."""
    text, font = legible(" ".join(drawable(text, SMALL - 2).split()), SMALL - 2)
    width = font.getlength(text) + 8
    if width > area[1] - area[0]:
        return
    x = max(area[0], min(x, area[1] - width))
    pen.rectangle((x, y, x + width, y + SMALL + 3), fill=colour)
    pen.text((x + 4, y + (SMALL + 3) / 2), text, font=font, fill=PAPER, anchor="lm")


def wrap(text: str, width: float, size: int, colour: str = INK) -> _Block:
    """In the language of this process. Breaks at spaces and between Chinese letters, and inside a word only where it is wider
    than a line."""
    if not text:
        return _Block((), size, colour)
    lines: list[str] = []
    for paragraph in drawable(text, size).splitlines():
        shown = legible(paragraph, size)[0]
        line = ""
        for piece in pieces(shown):
            if _length((line + piece).rstrip(" "), size) <= width:
                line += piece
                continue
            if line:
                lines.append(line.rstrip(" "))
            line = piece.lstrip(" ")
            while _length(line, size) > width and len(line) > 1:
                cut = max(i for i in range(1, len(line) + 1) if i == 1 or _length(line[:i], size) <= width)
                lines.append(line[:cut])
                line = line[cut:]
        lines.append(line.rstrip(" "))
    return _Block(tuple(_spaced(line) for line in lines), size, colour)


def _length(text: str, size: float) -> float:
    """As `_write` draws it: a part of a text may be drawn in another font than the whole."""
    shown, font = legible(_spaced(text), size)
    return font.getlength(shown)


def _spaced(line: str) -> str:
    """Fonts lack most of the other spaces, such as the no-break space that keeps a name and its number together."""
    return "".join(" " if letter.isspace() else letter for letter in line)


def _write(pen: ImageDraw, block: _Block, x: float, y: float, anchor: str = "ls") -> None:
    """On one baseline, whichever font a line needs."""
    for i, line in enumerate(block.lines):
        line, font = legible(line, block.size)
        pen.text((x, y + block.size + i * _line_height(block.size)), line, font=font, fill=block.colour_of(i), anchor=anchor)


def _line_height(size: int) -> int:
    return round(size * 1.35)
