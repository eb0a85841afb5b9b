"""Tags for images: the protocol, a zero-shot tagger by CLIP, and one by a model trained on tags."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image


class Tagger(Protocol):
    """Called by `prepare` with each crop that gets a caption."""

    def tag(self, images: Sequence[Image.Image]) -> list[list[str]]:
        """The tags of each RGB image, in order, the most relevant first."""
        ...


@dataclass(frozen=True)
class ZeroShotTagger:
    """From each group of mutually exclusive tags the best match, if it is clear enough (Radford et al. 2021)."""

    embed_images: Callable[[Sequence[Image.Image]], NDArray[np.floating]]
    """Returns (N, D) rows of any length in the space of `embed_texts`."""
    embed_texts: Callable[[Sequence[str]], NDArray[np.floating]]
    """Returns (N, D) rows of any length."""
    groups: Mapping[str, Sequence[str]]
    """Tags by group; one that starts with "!" stands for "none of these" and is never returned."""
    threshold: float = 0.6
    """Softmax share of its group, in [0, 1], from which a tag is returned."""
    scale: float = 100.0
    """The model's logit scale."""

    @cached_property
    def _texts(self) -> dict[str, NDArray[np.floating]]:
        return {name: _unit(self.embed_texts([tag.lstrip("!") for tag in tags])) for name, tags in self.groups.items()}

    def tag(self, images: Sequence[Image.Image]) -> list[list[str]]:
        if not images:
            return []
        embedded = _unit(self.embed_images(images))
        found: list[list[str]] = [[] for _ in images]
        for name, tags in self.groups.items():
            shares = _softmax(self.scale * embedded @ self._texts[name].T)
            for row, best in enumerate(shares.argmax(axis=1)):
                if shares[row, best] >= self.threshold and not tags[best].startswith("!"):
                    found[row].append(tags[best])
        return found


@dataclass(frozen=True)
class TrainedTagger:
    """Every tag whose probability reaches its threshold, the most probable first."""

    probabilities: Callable[[Sequence[Image.Image]], NDArray[np.floating]]
    """Returns (N, len(names)) in [0, 1]."""
    names: Sequence[str]
    """The model's tags."""
    thresholds: Sequence[float]
    """Of each tag; one above 1 is never returned."""

    def tag(self, images: Sequence[Image.Image]) -> list[list[str]]:
        if not images:
            return []
        rows = np.asarray(self.probabilities(images))
        passing = rows >= np.asarray(self.thresholds)
        return [
            [self.names[i] for i in np.argsort(-row, kind="stable") if own[i]] for row, own in zip(rows, passing, strict=True)
        ]


def _unit(rows: NDArray[np.floating]) -> NDArray[np.floating]:
    lengths = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return np.asarray(rows / lengths)


def _softmax(rows: NDArray[np.floating]) -> NDArray[np.floating]:
    powers = np.exp(rows - rows.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
