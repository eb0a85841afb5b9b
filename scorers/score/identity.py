"""Similarity of a face to a person's reference photos."""

from __future__ import annotations

from typing import Final

import numpy as np

from scorers.observe.observation import FaceSeen, Observation, Vector
from scorers.observe.references import References

NEAREST: Final = 3
"""References averaged over: one alone may be an odd photo."""


SMALL: Final = 48.0
"""Pixels: recognisers are less sure of a narrower face, even of its enlarged crop; `huanhua score` reports that."""


def face_width(observation: Observation) -> float | None:
    """The width of the face in pixels of the image itself; None without a face."""
    if observation.face is None:
        return None
    left, _, right, _ = observation.face.box
    return (right - left) * observation.size[0]


def identity_similarity(face: FaceSeen | None, references: References) -> float:
    """In [0, 1]: mean cosine to the nearest references, below 0 counting as 0; 0 if there is no face."""
    return 0.0 if face is None else _similarity(face.embedding, references)


def nearest(face: FaceSeen, references: References) -> int:
    """The index of the reference most similar to the face."""
    return int((np.asarray(references.embeddings) @ np.asarray(face.embedding)).argmax())


def leave_one_out(references: References) -> list[float]:
    """Each reference's similarity to the others, in order; empty if there is only one."""
    if len(references.embeddings) < 2:
        return []
    return [_similarity(vector, references.without(i)) for i, vector in enumerate(references.embeddings)]


def _similarity(embedding: Vector, references: References) -> float:
    cosines = np.sort(np.asarray(references.embeddings) @ np.asarray(embedding))[::-1]
    return float(np.clip(cosines[:NEAREST].mean(), 0.0, 1.0))
