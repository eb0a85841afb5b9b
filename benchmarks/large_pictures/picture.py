"""Pictures enlarged, and redrawn, side by side: the picture of docs/large-pictures.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image

from dashboards.sheet import Cell, sheet

MOST: Final = 4
SCALE: Final = 1.4
TITLE: Final = "The pick twice as large: resized by Lanczos, and redrawn in tiles (head and arms)"


def before_and_after(pairs: Sequence[tuple[Path, Path]], out: Path) -> None:
    """Two rows, of at most four pictures that are spread over all."""
    if not pairs:
        return
    step = max(1, len(pairs) // MOST)
    chosen = list(pairs)[::step][:MOST]
    rows = [[Cell(_opened(pair[at]), ()) for pair in chosen] for at in (0, 1)]
    sheet(rows, title=TITLE, row_labels=["Lanczos", "redrawn"]).save(out, quality=82, method=6)


def _opened(place: Path) -> Image.Image:
    """Head and arms, where what was drawn anew is seen best."""
    with Image.open(place) as stored:
        picture = stored.convert("RGB")
    width, height = picture.size
    part = picture.crop((0, height // 12, width, height * 7 // 12))
    return part.resize((round(part.width * SCALE), round(part.height * SCALE)), Image.Resampling.LANCZOS)
