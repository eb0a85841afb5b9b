"""Pictures before and after they were mended, side by side: the picture of docs/mending.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image

from dashboards.sheet import Cell, sheet

MOST: Final = 6
SCALE: Final = 1.5


def before_and_after(pairs: Sequence[tuple[str, str]], out: Path) -> None:
    """Two rows, of at most six pictures that are spread over all."""
    if not pairs:
        return
    step = max(1, len(pairs) // MOST)
    chosen = list(pairs)[::step][:MOST]
    rows = [[Cell(_opened(pair[at]), ()) for pair in chosen] for at in (0, 1)]
    drawn = sheet(rows, title="Broken hands, and the same pictures mended", row_labels=["before", "mended"])
    drawn.save(out, quality=82, method=6)


def _opened(place: str) -> Image.Image:
    with Image.open(place) as stored:
        picture = stored.convert("RGB")
    return picture.resize((round(picture.width * SCALE), round(picture.height * SCALE)), Image.Resampling.LANCZOS)
