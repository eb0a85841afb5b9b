"""Faces of an image or of reference photos: which one counts."""

from __future__ import annotations

from collections.abc import Sequence

from models.vision.faces import Face
from scorers.observe.observation import FaceSeen
from scorers.observe.outliers import outliers
from scorers.observe.references import References


def prominence(face: Face) -> float:
    """The detector's score times the width in pixels: of several faces the largest sure one counts."""
    return float(face.score * (face.box[2] - face.box[0]))


def face_references(faces: Sequence[FaceSeen | None]) -> References:
    """References of a face, one embedding a photo; other people's are left out. Raises InputError if no photo shows a face."""
    unused = tuple(i for i, face in enumerate(faces) if face is None)
    there = [(i, face.embedding) for i, face in enumerate(faces) if face is not None]
    others = outliers([vector for _, vector in there])
    kept = tuple(vector for at, (_, vector) in enumerate(there) if at not in others)
    heads = tuple(face.cells for face in faces if face is not None)
    cells = tuple(text for at, text in enumerate(heads) if at not in others) if any(heads) else ()
    return References("face", kept, (), unused, tuple(there[at][0] for at in others), cells)
