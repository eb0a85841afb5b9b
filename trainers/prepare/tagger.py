"""Tags for pictures: the protocol, a tagger that asks a CLIP model which word fits, and one that was trained on tags."""

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
    def tag(self, images: Sequence[Image.Image]) -> list[list[str]]:
        """The tags of each RGB picture, in order, most telling first."""
        ...


@dataclass(frozen=True)
class ZeroShotTagger:
    """From each group of tags that exclude each other the one that fits best, if it is clear enough (Radford et al. 2021).

    `embed_images` and `embed_texts` return (N, D) rows of one space; their length does not matter. `scale` is the model's logit
    scale. A tag is given if its softmax share of the group is at least `threshold` in [0, 1]. A word that starts with "!" stands
    for "none of these" and is never given.
    """

    embed_images: Callable[[Sequence[Image.Image]], NDArray[np.floating]]
    embed_texts: Callable[[Sequence[str]], NDArray[np.floating]]
    groups: Mapping[str, Sequence[str]]
    threshold: float = 0.6
    scale: float = 100.0

    @cached_property
    def _texts(self) -> dict[str, NDArray[np.floating]]:
        return {name: _unit(self.embed_texts([tag.lstrip("!") for tag in tags])) for name, tags in self.groups.items()}

    def tag(self, images: Sequence[Image.Image]) -> list[list[str]]:
        if not images:
            return []
        pictures = _unit(self.embed_images(images))
        found: list[list[str]] = [[] for _ in images]
        for name, tags in self.groups.items():
            shares = _softmax(self.scale * pictures @ self._texts[name].T)
            for row, best in enumerate(shares.argmax(axis=1)):
                if shares[row, best] >= self.threshold and not tags[best].startswith("!"):
                    found[row].append(tags[best])
        return found


@dataclass(frozen=True)
class TrainedTagger:
    """Every tag that a model trained on tags finds probable enough, the most probable first.

    `probabilities` returns (N, len(names)) in [0, 1]. A tag is given from its own threshold on; one above 1 is never given.
    """

    probabilities: Callable[[Sequence[Image.Image]], NDArray[np.floating]]
    names: Sequence[str]
    thresholds: Sequence[float]

    def tag(self, images: Sequence[Image.Image]) -> list[list[str]]:
        if not images:
            return []
        rows = np.asarray(self.probabilities(images))
        given = rows >= np.asarray(self.thresholds)
        return [[self.names[i] for i in np.argsort(-row, kind="stable") if own[i]] for row, own in zip(rows, given, strict=True)]


def _unit(rows: NDArray[np.floating]) -> NDArray[np.floating]:
    lengths = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return np.asarray(rows / lengths)


def _softmax(rows: NDArray[np.floating]) -> NDArray[np.floating]:
    powers = np.exp(rows - rows.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
