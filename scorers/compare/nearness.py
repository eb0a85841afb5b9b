"""How near pictures are to photos: a LoRA that repeats its photos draws pictures as near to one as photos are to one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scorers.observe.observation import Observation

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Photos:
    """A LoRA's photos as whole pictures."""

    vectors: Vectors
    """(N, d), unit vectors of an embedding model."""
    faces: Vectors
    """(M, d), unit vectors of the faces that photos show; of no row where none does."""

    def among_themselves(self) -> float | None:
        """The median cosine of a photo to the nearest other one; None for a single photo."""
        return _median_nearest(self.vectors)

    def nearest(self, picture: Vectors) -> tuple[int, float]:
        """The photo most like a picture's unit vector, and the cosine."""
        cosines = self.vectors @ picture
        at = int(cosines.argmax())
        return at, float(cosines[at])

    def face_likeness(self, observation: Observation) -> float | None:
        """The mean cosine of the image's face to the faces of the photos; None where either shows none."""
        if observation.face is None or not len(self.faces):
            return None
        return float((self.faces @ np.asarray(observation.face.embedding, np.float32)).mean())

    def faces_alike(self) -> float | None:
        """The mean cosine of the photos' faces to one another; None for fewer than two."""
        count = len(self.faces)
        if count < 2:
            return None
        cosines = self.faces @ self.faces.T
        return float((cosines.sum() - np.trace(cosines)) / (count * (count - 1)))


def faces_of(observations: Sequence[Observation]) -> Vectors:
    """The embeddings of the faces that these images show."""
    found = [observation.face.embedding for observation in observations if observation.face is not None]
    return np.asarray(found, np.float32) if found else np.zeros((0, 1), np.float32)


def likeness(observation: Observation, before: Observation) -> dict[str, float]:
    """How much of what an image shows is as it was before, by cosines: of the face, and of each garment; what either lacks is
    left out."""
    found = {}
    if observation.face is not None and before.face is not None:
        found["head"] = float(np.dot(observation.face.embedding, before.face.embedding))
    for kind, region in observation.regions.items():
        if kind in before.regions:
            found[kind] = float(np.dot(region.embedding, before.regions[kind].embedding))
    return found


def _median_nearest(vectors: Vectors) -> float | None:
    if len(vectors) < 2:
        return None
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1.0)
    return float(np.median(cosines.max(1)))
