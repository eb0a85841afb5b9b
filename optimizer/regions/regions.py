"""Where in the images of a seed each LoRA acts."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Mask: TypeAlias = "NDArray[np.bool_]"
BLENDING: Final = 1
"""Version of how masks become shares of predictions (optimizer.regions.rows): another one draws other images."""


@dataclass(frozen=True)
class Words:
    """What is added to the prompt in a part of the image."""

    place: Mask
    """(height, width) of the image, True where they are read; places of several do not overlap."""
    text: str


@dataclass(frozen=True)
class Regions:
    """Equal where the digest is: the content of the masks and the words decide, not where they come from."""

    masks: Mapping[str, Mask] = field(compare=False, repr=False)
    """By LoRA, (height, width) of the image, True where it acts; a LoRA that is not named acts everywhere."""

    words: Mapping[str, Words] = field(default_factory=dict, compare=False, repr=False)
    """By figure of several, what is added to the prompt in her place; empty where the prompt is one for all."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Regions) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @cached_property
    def digest(self) -> str:
        """32 hex digits of SHA-256 over the LoRAs' names and masks, and the words: part of an image's cache key."""
        import numpy as np

        found = hashlib.sha256(f"regions {BLENDING}".encode())
        for name, mask in sorted(self.masks.items()):
            found.update(f" {name} {mask.shape[0]}x{mask.shape[1]} ".encode())
            found.update(np.packbits(mask).tobytes())
        for name, words in sorted(self.words.items()):
            found.update(f" words of {name} {words.text} ".encode())
            found.update(np.packbits(words.place).tobytes())
        return found.hexdigest()[:32]

    def of(self, loras: Collection[str]) -> Regions | None:
        """Those of these LoRAs alone, with all words; None where nothing is left."""
        masks = {name: mask for name, mask in self.masks.items() if name in loras}
        return Regions(masks, self.words) if masks or self.words else None
