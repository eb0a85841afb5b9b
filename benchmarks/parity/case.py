"""A case: one picture that is drawn in A1111, in ComfyUI and here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from optimizer.regions.regions import Mask, Regions, Words
from optimizer.render.inpainting.crop import Crop
from studies.run.mended.mended import Redrawn

if TYPE_CHECKING:
    from PIL.Image import Image

    from models.program import Program

Box = tuple[float, float, float, float]
"""left, top, right, bottom, as shares of the picture's width and height."""
SHORT: Final = "1girl, full body, pink dress, standing"
BAD: Final = "lowres, bad anatomy"


@dataclass(frozen=True)
class Case:
    name: str
    prompt: str = SHORT
    negative: str = BAD
    sampler: str = "Euler"
    """A1111's name, with the schedule type."""
    steps: int = 6
    cfg: float = 7.0
    seed: int = 7
    size: tuple[int, int] = (64, 128)
    """(width, height) in pixels."""
    clip_skip: int = 1
    loras: Mapping[str, float] = field(default_factory=dict)
    """Weights by the file's stem."""
    schedules: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Start and end, in shares of the steps, of LoRAs that do not act in all of them."""
    boxes: Mapping[str, Box] = field(default_factory=dict)
    """Of LoRAs that act in a part of the picture, where they do."""
    control: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Strength and end of the ControlNets that act, by the file's stem."""
    words: Mapping[str, str] = field(default_factory=dict)
    """What people read by themselves, from left to right: each has an equal share of the picture's width."""
    redrawn: tuple[Redrawn, ...] = ()
    """Parts of a picture that are drawn again, one after the other; empty for a picture of its own."""
    like: Program = "comfyui"
    """Whose steps a redrawing takes."""
    inversion: bool = False
    """The prompt names a textual inversion."""
    pad_conds: bool = False
    v_prediction: bool = False
    """Drawn by the v-prediction checkpoint with zero terminal SNR."""
    extra_seeds: tuple[int, ...] = ()
    """Further images of one batch here; the programs draw them one by one, each with its own weights."""
    comfyui: bool = True
    """Whether ComfyUI has a counterpart."""
    a1111: bool = True
    """Whether A1111 has one."""

    def digest(self) -> str:
        """Equal for cases that the programs draw alike."""
        left_out = ("name", "comfyui", "a1111", "extra_seeds")
        left_out = (*left_out, *(() if self.redrawn else ("like",)))
        later = ("schedules", "boxes", "words", "redrawn", "control")
        decisive = {key: value for key, value in asdict(self).items() if key not in left_out and (value or key not in later)}
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:16]

    def picture(self) -> Image:
        """What parts are drawn again of: smooth colours."""
        from PIL import Image

        few = np.random.default_rng(self.seed).integers(0, 256, (5, 4, 3), np.uint8)
        return Image.fromarray(few).resize(self.size, Image.Resampling.BICUBIC)

    def hints(self) -> dict[str, Image]:
        """What each ControlNet is told."""
        from PIL import Image

        found = {}
        for at, name in enumerate(self.control):
            noise = np.random.default_rng((self.seed, at)).integers(0, 256, (self.size[1], self.size[0], 3), np.uint8)
            found[name] = Image.fromarray(noise)
        return found

    def crops(self) -> list[Crop]:
        return [Crop(one.box, one.mask, one.blur, self.size) for one in self.redrawn]

    def hooked(self) -> set[str]:
        """The LoRAs that do not act everywhere and in all steps."""
        return {*self.schedules, *self.boxes}

    def regions(self) -> Regions | None:
        """Where LoRAs act and words are read; None where that is everywhere."""
        if not self.boxes and not self.words:
            return None
        wide = 1 / max(1, len(self.words))
        places = {name: self._mask((at * wide, 0, (at + 1) * wide, 1)) for at, name in enumerate(self.words)}
        words = {name: Words(places[name], text) for name, text in self.words.items()}
        return Regions({name: self._mask(box) for name, box in self.boxes.items()}, words)

    def _mask(self, box: Box) -> Mask:
        (width, height), (left, top, right, bottom) = self.size, box
        mask = np.zeros((height, width), np.bool_)
        mask[round(top * height) : round(bottom * height), round(left * width) : round(right * width)] = True
        return mask
