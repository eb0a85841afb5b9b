"""Differences of pictures, in levels of 255, and the table of them in docs/parity.md."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from PIL import Image

from benchmarks.parity.case import Case
from benchmarks.parity.ours import Renderer

if TYPE_CHECKING:
    from models.program import Program

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "parity.md"
CUT_OFF: Final = "A1111, levels cut off"
COLUMNS: Final = ("A1111", CUT_OFF, "ComfyUI", "ComfyUI, `like: comfyui`")


class Difference(NamedTuple):
    mean: float
    worst: int

    def text(self) -> str:
        return f"{self.mean:.3f} / {self.worst}"


@dataclass(frozen=True)
class Row:
    case: Case
    found: dict[str, Difference | str] = field(default_factory=dict)
    """By column; in words why there is no picture."""

    def line(self, columns: Sequence[str] = COLUMNS) -> str:
        cells = [self.found.get(column, "") for column in columns]
        return "| " + " | ".join([self.case.name, *(c if isinstance(c, str) else c.text() for c in cells)]) + " |"


def compared(row: Row, program: Program, theirs: Path, renderer: Renderer) -> Row:
    """The row with the differences from one program's picture."""
    with Image.open(theirs) as opened:
        picture = np.asarray(opened.convert("RGB")).astype(int)
    columns: dict[str, Program] = {"A1111": "a1111"} if program == "a1111" else {COLUMNS[2]: "a1111", COLUMNS[3]: "comfyui"}
    found = dict(row.found)
    for column, like in columns.items():
        drawn = renderer.draw(row.case, like)
        if isinstance(drawn, str):
            found[column] = drawn
            continue
        stored, cut_off = (_difference(one, picture) for one in drawn)
        found[column] = stored
        if column == "A1111":
            found[CUT_OFF] = cut_off
    return replace(row, found=found)


def _difference(drawn: Image.Image, picture: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Difference:
    off = np.abs(np.asarray(drawn).astype(int) - picture)
    return Difference(float(off.mean()), int(off.max()))


def summary(rows: Sequence[Row], overhead: Mapping[Program, float]) -> dict[str, float | int | None]:
    """The benchmark's numbers. Pictures are stored rounded here and cut off there, which is half a level on average: the first
    number leaves that out. `overhead` is what this project's client adds to a picture, in ms."""

    def worst(column: str) -> float | None:
        means = [d.mean for row in rows if isinstance(d := row.found.get(column), Difference)]
        return round(max(means), 4) if means else None

    return {
        "a1111_mean_worst": worst(CUT_OFF),
        "comfyui_mean_worst": worst(COLUMNS[3]),
        "cases": len(rows),
        "remote_overhead_ms": round(max(overhead.values()), 1) if overhead else None,
        "a1111_mean_worst_as_stored": worst(COLUMNS[0]),
    }


def table(rows: Sequence[Row]) -> str:
    columns = [column for column in COLUMNS if any(column in row.found for row in rows)]
    head = ["| case | " + " | ".join(columns) + " |", "| --- " * (len(columns) + 1) + "|"]
    return "\n".join([*head, *(row.line(columns) for row in rows)])


def write_document(family: str, rows: Sequence[Row]) -> None:
    """Puts the table between the document's marks of this family."""
    text = DOCUMENT.read_text(encoding="utf-8")
    begin, end = f"<!-- {family} -->\n", f"<!-- end of {family} -->"
    found = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    DOCUMENT.write_text(found.sub(lambda _: f"{begin}\n{table(rows)}\n\n{end}", text), encoding="utf-8")
