"""What a fake drawing server paints: the seam between its protocol and the picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class Scene:
    """What a request asks to be drawn, whichever protocol it came by."""

    seed: int
    prompt: str
    """Without LoRA tags."""
    negative_prompt: str
    cfg: float
    steps: int
    sampler: str
    """In the server's own words."""
    width: int
    """Pixels."""
    height: int
    """Pixels."""
    loras: Mapping[str, float] = field(default_factory=dict)
    """Weights by the stems of the files' names."""


Paint: TypeAlias = Callable[[Scene], "Image"]


def flat(scene: Scene) -> Image:
    """One colour: red, green and blue are the first three weights in the order of their names, on a ground that the seed lays."""
    from PIL import Image

    weights = [scene.loras[name] for name in sorted(scene.loras)]
    red, green, blue = [*(min(220, round(200 * abs(w))) for w in weights[:3]), 0, 0, 0][:3]
    ground = 16 + scene.seed % 16
    return Image.new("RGB", (scene.width, scene.height), (red + ground, green + ground, blue + ground))
