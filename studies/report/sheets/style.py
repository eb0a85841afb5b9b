"""What the sheets share. Sheets compose results; dashboards.sheet draws them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dashboards.sheet import Cell
from models.io.blur_filter import blurred as blur
from models.io.images import open_drawn
from scorers.score.scores import Scores
from studies.tracking.pictures import Picture
from studies.workspace import Workspace

if TYPE_CHECKING:
    from PIL.Image import Image


COLUMNS = 8
"""Images in a row."""


@dataclass(frozen=True)
class Sheet:
    """A saved sheet."""

    path: Path
    """In the workspace's pictures."""
    copy: Picture
    """For dashboards; images with little clothing may be blurred in it."""


def score_line(scores: Scores) -> str:
    """`dress 0.62  shoes -  hands 0.05`: the scores that a person can check in the image itself."""
    shown = [f"{n} {'-' if v is None else format(v, '.2f')}" for n, v in scores.expression.items()]
    return "  ".join([*shown, *(f"{n} {v:.2f}" for n, v in scores.standalone.items())])


def rows(cells: Sequence[Cell], columns: int) -> list[list[Cell]]:
    """The cells in rows of `columns`."""
    return [list(cells[at : at + columns]) for at in range(0, len(cells), columns)]


def open_image(path: Path, hidden: bool = False) -> Image:
    """The image as RGB, blurred if it is `hidden`. Raises InputError if it is gone or damaged."""
    image = open_drawn(path)
    return blur(image) if hidden else image


def save_sheet(workspace: Workspace, name: str, drawn: Callable[[bool], Image], hiding: bool) -> Sheet:
    """Saves a sheet. `drawn` draws it, with bare images blurred if its argument is True; `hiding` asks for such a copy."""
    path = save(workspace, name, drawn(False))
    return Sheet(path, drawn(True) if hiding else path)


def save(workspace: Workspace, name: str, picture: Image) -> Path:
    """Saves a picture among the workspace's; returns its path."""
    workspace.pictures.mkdir(parents=True, exist_ok=True)
    path = workspace.pictures / name
    picture.save(path)
    return path
