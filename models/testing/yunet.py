"""A detector with the inputs and outputs of YuNet that finds one face, at a known cell, in whatever it is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from models.testing.graphs import Graph

SIDE: Final = 320
SURE: Final = 0.9
BOX: Final = (80.0, 96.0, 144.0, 160.0)
"""Of the face, in pixels of the input."""


def write_yunet(path: Path, side: int = SIDE) -> Path:
    """`cls_8` to `kps_32`, all nothing but for the cell of stride 16 in the middle of BOX."""
    graph = Graph()
    nothing = graph.node("Mul", graph.node("ReduceMean", "input", keepdims=0), graph.scalar(0.0))
    found: list[tuple[str, list[object]]] = []
    for kind, values in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
        for stride in (8, 16, 32):
            cells = side // stride
            rows = np.zeros((1, cells * cells, values), np.float32)
            if stride == 16:
                rows[0, 8 * cells + 7] = _row(kind)
            graph.name(f"{kind}_{stride}", graph.node("Add", nothing, graph.array(rows)))
            found.append((f"{kind}_{stride}", list(rows.shape)))
    graph.save(path, ("input", [1, 3, side, side]), found)
    return path


def _row(kind: str) -> list[float]:
    """Cell (7, 8) of stride 16: a box of 64 pixels around (112, 128)."""
    if kind in ("cls", "obj"):
        return [SURE]
    return [0.0, 0.0, float(np.log(4)), float(np.log(4))] if kind == "bbox" else [-1, -0.5, 1, -0.5, 0, 0, -0.7, 1, 0.7, 1]
