"""Composes the pictures that people look at from what the verbs found; the drawing itself is done by dashboards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dashboards.sheet import Cell
from models.io.blur_filter import blurred as blur
from scorers.score.scores import Scores
from studies.tracking.pictures import Picture
from studies.workspace import Workspace

if TYPE_CHECKING:
    from PIL.Image import Image


COLUMNS = 8


@dataclass(frozen=True)
class Sheet:
    """A sheet in the workspace, and its copy for dashboards, in which images with little clothing may be blurred."""

    path: Path
    copy: Picture


def score_line(scores: Scores) -> str:
    shown = [f"{n} {'-' if v is None else format(v, '.2f')}" for n, v in scores.expression.items()]
    return "  ".join([*shown, *(f"{n} {v:.2f}" for n, v in scores.standalone.items())])


def weights_line(weights: Mapping[str, float]) -> str:
    return "  ".join(f"{n} {w:.2f}" for n, w in weights.items())


def rows(cells: Sequence[Cell], columns: int) -> list[list[Cell]]:
    return [list(cells[at : at + columns]) for at in range(0, len(cells), columns)]


def open_image(path: Path, hidden: bool = False) -> Image:
    from PIL import Image

    with Image.open(path) as stored:
        image = stored.convert("RGB")
    return blur(image) if hidden else image


def _saved(workspace: Workspace, name: str, drawn: Callable[[bool], Image], hiding: bool) -> Sheet:
    """`drawn` draws the sheet, with bare images blurred if it is told so."""
    path = save(workspace, name, drawn(False))
    return Sheet(path, drawn(True) if hiding else path)


def save(workspace: Workspace, name: str, picture: Image) -> Path:
    workspace.pictures.mkdir(parents=True, exist_ok=True)
    path = workspace.pictures / name
    picture.save(path)
    return path
