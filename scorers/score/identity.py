"""Similarity of a face to a person's reference photos."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from scorers.observe.observation import FaceSeen, Observation, Vector
from scorers.observe.references import References
from scorers.score.parts.hair import hair_similarity

NEAREST: Final = 3
"""References averaged over: one alone may be an odd photo."""
HAIR: Final = 0.2
"""Share of a face's similarity that is lost with the hair on which the references agree."""

DETECTED: Final = 0.65
"""A detector's score below which a face is doubtful: SCRFD gives faces in photos 0.7 to 0.9, and reports none below 0.5."""
AGREEING: Final = 0.35
"""Median cosine of a person's photos to one another below which the recogniser does not read them: ArcFace's are 0.4 to 0.8."""
SMALL: Final = 48.0
"""Pixels: recognisers are less sure of a narrower face, even of its enlarged crop; `huanhua score` reports that."""


def face_width(observation: Observation) -> float | None:
    """The width of the face in pixels of the image itself; None without a face."""
    if observation.face is None:
        return None
    left, _, right, _ = observation.face.box
    return (right - left) * observation.size[0]


def identity_similarity(face: FaceSeen | None, references: References) -> float:
    """In [0, 1]: mean cosine to the nearest references, below 0 counting as 0; 0 if there is no face. Where references have cells
    and agree on their hair, other hair takes HAIR of it."""
    return 0.0 if face is None else _similarity(face.embedding, face.cells, references)


def identity_doubts(observation: Observation, references: References) -> tuple[str, ...]:
    """Why the recogniser may be wrong about this face, in words; nothing where there is no reason, or no face was asked for.

    Photo recognisers read drawn faces, children and covered faces badly. It shows in a detector that hardly takes them for faces,
    and in photos of one person that agree too little.
    """
    face = observation.face
    if references.kind != "face" or face is None:
        return ()
    alike, found = leave_one_out(replace(references, cells=())), []
    if face.score < DETECTED:
        found.append(f"the detector is only {face.score:.2f} sure that it is a face: drawn, covered or broken")
    if len(alike) > 1 and float(np.median(alike)) < AGREEING:
        found.append(f"the photos agree by {float(np.median(alike)):.2f} among themselves, as drawn faces and children do")
    return tuple(found)


def nearest(face: FaceSeen, references: References) -> int:
    """The index of the reference most similar to the face."""
    return int((np.asarray(references.embeddings) @ np.asarray(face.embedding)).argmax())


def leave_one_out(references: References) -> list[float]:
    """Each reference's similarity to the others, in order; empty if there is only one."""
    if len(references.embeddings) < 2:
        return []
    cells = references.cells or [""] * len(references.embeddings)
    pairs = zip(references.embeddings, cells, strict=True)
    return [_similarity(vector, text, references.without(i)) for i, (vector, text) in enumerate(pairs)]


def _similarity(embedding: Vector, cells: str, references: References) -> float:
    cosines = np.sort(np.asarray(references.embeddings) @ np.asarray(embedding))[::-1]
    hair = hair_similarity(cells, references.cells)
    kept = 1.0 if hair is None else 1 - HAIR * (1 - hair)
    return float(np.clip(cosines[:NEAREST].mean(), 0.0, 1.0)) * kept
