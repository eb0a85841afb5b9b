"""What ControlNets are told of an image that is to be drawn: a picture each."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Levels: TypeAlias = NDArray[np.uint8]


@dataclass(frozen=True)
class Hint:
    """A picture, and the ControlNet that is told it."""

    net: str
    """SHA-256 in hex over the ControlNet's file or folder."""
    picture: Levels = field(repr=False)
    """(height, width, 3) of the image, 0 to 255."""


@dataclass(frozen=True)
class Hints:
    """Equal where the digest is: the content of pictures and ControlNets decides, not where they come from."""

    by_net: Mapping[str, Hint] = field(compare=False, repr=False)
    """By ControlNet, as the study names it."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hints) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @cached_property
    def digest(self) -> str:
        """32 hex digits of SHA-256 over names, ControlNets and pictures: part of an image's cache key. An image that no
        ControlNet acts on has the key that it had before the study knew any."""
        found = hashlib.sha256(b"hints")
        for name, hint in sorted(self.by_net.items()):
            height, width, _ = hint.picture.shape
            found.update(f" {name} {hint.net} {height}x{width} ".encode())
            found.update(hint.picture.tobytes())
        return found.hexdigest()[:32]

    def of(self, names: Collection[str]) -> Hints | None:
        """Those of these ControlNets alone; None where nothing is left."""
        kept = {name: hint for name, hint in self.by_net.items() if name in names}
        return Hints(kept) if kept else None
