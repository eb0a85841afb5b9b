"""Embedding models for garments' crops: one, or several averaged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image


class Embedder(Protocol):
    """An embedding model. Observers call it once a batch of images."""

    def embed_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """(N, d) unit vectors of RGB images."""


@dataclass(frozen=True)
class Averaged:
    """Several models as one: the cosine of two of its vectors is the mean of the models' own cosines."""

    models: tuple[Embedder, ...]

    def embed_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """(N, sum of d) unit vectors."""
        rows = [model.embed_images(images) for model in self.models]
        found: NDArray[np.float32] = (np.concatenate(rows, axis=1) / np.sqrt(len(rows))).astype(np.float32)
        return found
