"""Similarity of a garment's region to its reference photos."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.boxes import ShareBox
from scorers.observe.colours.histogram import colour_affinity
from scorers.observe.observation import Observation, Region
from scorers.observe.references import References
from scorers.score.parts.presence import parts_similarity

COLOUR: Final = 0.5
"""Weight of the colour affinity; the rest is the embedding's."""
PARTS: Final = 0.5
"""Weight of the parts that the references share, where parts are compared; the rest is the whole region's."""


def garment_similarity(region: Region | None, references: References) -> float:
    """In [0, 1]: the best match over all references of embedding cosine (below 0 counts as 0) and colour affinity, averaged with
    how much of the references' parts the region shows where references have cells and share parts; 0 if the garment is absent.
    """
    if region is None:
        return 0.0
    whole = float(_similarities(region, references).max())
    parts = parts_similarity(region.cells, references.cells)
    return whole if parts is None else (1 - PARTS) * whole + PARTS * parts


def seen_region(observation: Observation, references: References) -> Region | None:
    """The region of the references' kind or, where there was no part parser, the window whose embedding is nearest to any of
    them."""
    found = next((region for kind, region in observation.regions.items() if kind == references.kind), None)
    windows = next((regions for kind, regions in observation.windows.items() if kind == references.kind), ())
    if found is not None or not windows:
        return found
    cosines = np.asarray([w.embedding for w in windows]) @ np.asarray(references.embeddings).T
    return windows[int(cosines.max(1).argmax())]


def nearest(region: Region, references: References) -> int:
    """The index of the reference most similar to the region."""
    return int(_similarities(region, references).argmax())


def _similarities(region: Region, references: References) -> NDArray[np.float64]:
    cosines = np.asarray(references.embeddings) @ np.asarray(region.embedding)
    colour = np.asarray(region.colour)
    colours = [colour_affinity(colour, np.asarray(c)) for c in references.colours]
    blended: NDArray[np.float64] = (1 - COLOUR) * np.clip(cosines, 0, 1) + COLOUR * np.asarray(colours)
    return blended


def leave_one_out(references: References) -> list[float]:
    """Each reference's similarity to the others, in order; empty if there is only one."""
    if len(references.embeddings) < 2:
        return []
    found = []
    cells = references.cells or [""] * len(references.embeddings)
    for i, (embedding, colour, text) in enumerate(zip(references.embeddings, references.colours, cells, strict=True)):
        found.append(garment_similarity(Region(1.0, ShareBox(0, 0, 1, 1), embedding, colour, text), references.without(i)))
    return found
