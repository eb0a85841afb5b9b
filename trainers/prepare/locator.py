"""What `prepare` asks of whoever finds the garment and its wearer in a photo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from models.boxes import PixelBox

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class Located:
    """The thing that is trained (garment, face, shoes) and who wears it; `doubt` says why the boxes cannot be trusted."""

    thing: PixelBox | None
    wearer: PixelBox | None
    doubt: str | None = None


class Locator(Protocol):
    def locate(self, images: Sequence[Image.Image]) -> list[Located]:
        """One `Located` for each RGB picture, in order."""
        ...
