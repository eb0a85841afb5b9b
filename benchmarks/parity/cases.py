"""The cases that are drawn in A1111, in ComfyUI and here at equal weights, seeds and settings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from optimizer.regions.regions import Mask, Regions, Words
from optimizer.render.inpainting.crop import Crop
from optimizer.render.sampling.samplers import SAMPLERS
from studies.run.mended.mended import Redrawn

if TYPE_CHECKING:
    from PIL.Image import Image

    from models.program import Program

Box = tuple[float, float, float, float]
"""left, top, right, bottom, as shares of the picture's width and height."""
NARROW: Final = "sd15-narrow"
FAMILIES: Final = (NARROW, "sd15", "sdxl")
FULL_STEPS: Final = 3
"""Of full-size models, which take long on a processor."""
SAME_KIND: Final = {
    "two chunks beside one": ["long prompts, equally long", "one chunk beside two", "two chunks beside one, padded"],
    "CFG 1": ["CFG 1, long negative"],
    "size 72x104": ["size 136x72", "size 96x160"],
    "three LoRAs": ["three LoRAs, clip skip 2, emphasis"],
    "sampler LCM": [f"LCM, {steps} steps" for steps in (3, 4, 5, 7, 8)],
    "sampler DDIM": ["DDIM, 9 steps", "PLMS, 9 steps", "UniPC, 9 steps"],
    "v-prediction": [f"v-prediction, zero SNR: {name}" for name in ("Euler", "DPM++ SDE Karras", "DPM2 a", "DDIM")],
}
"""Cases that are drawn by the narrow model alone, by those that stand for them at full size."""
SHORT: Final = "1girl, full body, pink dress, standing"
BAD: Final = "lowres, bad anatomy"
EMPHASIS: Final = "1girl, (pink dress:1.4), ((standing)), [hat], (white shoes:0.6)"
THINGS: Final = ("hat", "dress", "shoes", "bag", "sky")
TAGS: Final = ", ".join(f"{colour} {thing}" for thing in THINGS for colour in ("red", "blue", "old"))
LONG: Final = f"1girl, {TAGS}, {TAGS.replace('old', 'new')}, full body"
"""Two chunks of 75 tokens."""
THREE_CHUNKS: Final = f"{LONG}, {TAGS.replace('red', 'striped')}, {TAGS.replace('blue', 'gold')}"
THREE: Final = {"plain": 0.7, "second": 0.4, "third": 0.55}


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
        later = ("schedules", "boxes", "words", "redrawn")
        decisive = {key: value for key, value in asdict(self).items() if key not in left_out and (value or key not in later)}
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:16]

    def picture(self) -> Image:
        """What parts are drawn again of: smooth colours."""
        from PIL import Image

        few = np.random.default_rng(self.seed).integers(0, 256, (5, 4, 3), np.uint8)
        return Image.fromarray(few).resize(self.size, Image.Resampling.BICUBIC)

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


def sampler_cases() -> list[Case]:
    """Every sampler, each with the schedule types that the programs share."""
    return [Case(f"sampler {name}", sampler=name, comfyui=name != "PLMS") for name in SAMPLERS]


def prompt_cases() -> list[Case]:
    base = Case("", sampler="DPM++ 2M Karras")
    return [
        replace(base, name="emphasis", prompt=EMPHASIS, negative="(lowres:1.3), bad anatomy"),
        replace(base, name="BREAK", prompt="1girl, pink dress BREAK white shoes, standing", negative=BAD),
        replace(base, name="BREAK in brackets", prompt="1girl, (pink dress BREAK white shoes:1.2)"),
        replace(base, name="bars that separate nothing", prompt="1girl, [pink dress, (hat|bag:1.1)", negative="a|b, lowres"),
        replace(base, name="AND and a number in the negative prompt", negative="lowres AND blurry :1.3"),
        replace(base, name="long prompts, equally long", prompt=LONG, negative=LONG.replace("1girl", "lowres")),
        replace(base, name="two chunks beside one", prompt=LONG),
        replace(base, name="one chunk beside two", negative=LONG),
        replace(base, name="three chunks beside two", prompt=THREE_CHUNKS, negative=LONG),
        replace(base, name="two chunks beside one, padded", prompt=LONG, pad_conds=True, comfyui=False),
        replace(base, name="empty negative", negative=""),
        replace(base, name="clip skip 2", clip_skip=2),
        replace(base, name="CFG 1", cfg=1.0),
        replace(base, name="CFG 1, long negative", cfg=1.0, negative=LONG),
        replace(base, name="textual inversion", prompt="1girl, myinv, standing", negative="lowres, (myinv:0.8)", inversion=True),
    ]


def size_cases() -> list[Case]:
    return [Case(f"size {w}x{h}", size=(w, h), steps=4) for w, h in ((72, 104), (136, 72), (96, 160))]


def lora_cases() -> list[Case]:
    base = Case("", sampler="DPM++ 2M Karras")
    one = [replace(base, name=f"LoRA: {name}", loras={name: 0.8}) for name in ("plain", "text", "locon", "loha", "lokr", "dora")]
    return [
        *one,
        replace(base, name="three LoRAs", loras=THREE),
        replace(base, name="three LoRAs, clip skip 2, emphasis", loras=THREE | {"text": 0.3}, clip_skip=2, prompt=EMPHASIS),
        replace(base, name="a batch of three weights of three LoRAs", loras=THREE, extra_seeds=(8, 9)),
    ]


def schedule_cases() -> list[Case]:
    """LoRAs in some of the steps: ComfyUI's hooks with keyframes; A1111 itself has none."""
    base = Case("", sampler="DPM++ 2M Karras", a1111=False)
    early, late = (0.0, 0.5), (0.5, 1.0)
    return [
        replace(base, name="schedule: the first half", loras={"plain": 0.8}, schedules={"plain": early}),
        replace(base, name="schedule: the second half, text encoder", loras={"text": 0.8}, schedules={"text": late}),
        replace(base, name="schedules of two of three LoRAs", loras=THREE, schedules={"plain": early, "second": late}),
        replace(base, name="schedule: DPM++ SDE", sampler="DPM++ SDE Karras", loras={"plain": 0.8}, schedules={"plain": late}),
    ]


def region_cases() -> list[Case]:
    """LoRAs in parts of the picture: ComfyUI's hooks of masked conditionings. The boxes cut cells."""
    base = Case("", sampler="DPM++ 2M Karras", a1111=False)
    head, body = (0.1, 0.0, 0.9, 0.3), (0.05, 0.22, 0.95, 0.8)
    return [
        replace(base, name="regions: one of one", loras={"plain": 0.8}, boxes={"plain": head}),
        replace(base, name="regions: text encoder", loras={"text": 0.8}, boxes={"text": body}),
        replace(base, name="regions: two that overlap, one everywhere", loras=THREE, boxes={"plain": head, "second": body}),
        replace(
            base,
            name="regions and schedules",
            loras=THREE | {"text": 0.3},
            boxes={"plain": head, "text": body},
            schedules={"text": (0.5, 1.0), "third": (0.0, 0.5)},
        ),
        replace(base, name="regions: DPM++ SDE", sampler="DPM++ SDE Karras", loras={"plain": 0.8}, boxes={"plain": body}),
        replace(
            base,
            name="regions: clip skip 2, 2M SDE",
            sampler="DPM++ 2M SDE Karras",
            clip_skip=2,
            loras=THREE,
            boxes={"plain": head},
        ),
    ]


def figure_cases() -> list[Case]:
    """Several people, each with LoRAs and words of her own; of one prompt with more tokens than the negative one too."""
    left, right = (0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 1.0, 1.0)
    base = Case("", sampler="DPM++ 2M Karras", a1111=False, size=(128, 64), loras={"plain": 0.7, "text": 0.5})
    words = {"anna": "pink dress, white boots", "bea": "blue dress"}
    hers = {"plain": left, "text": right}
    return [
        replace(base, name="figures: words and LoRAs", boxes=hers, words=words),
        replace(base, name="figures: words alone", loras={}, words=words),
        replace(base, name="figures: long words", boxes=hers, words={**words, "bea": TAGS}),
        replace(base, name="figures: a region in her place", boxes={**hers, "text": (0.5, 0.2, 1.0, 0.7)}, words=words),
    ]


def mend_cases() -> list[Case]:
    """Parts of a picture that are drawn again: ComfyUI's SetLatentNoiseMask."""
    base = Case("", sampler="DPM++ 2M Karras", a1111=False, loras={"plain": 0.7})
    hand = Redrawn("hands", 8, 0.5, 8, 2, (16, 32, 48, 96), (24, 50, 41, 72))
    face = Redrawn("face", 9, 0.9, 16, 1, (8, 0, 56, 96), (20, 5, 45, 33))
    return [
        replace(base, name="mend: a hand", redrawn=(hand,)),
        replace(base, name="mend: a hand, then the face", redrawn=(hand, face)),
        replace(base, name="mend: DPM++ SDE", sampler="DPM++ SDE Karras", redrawn=(hand,)),
        replace(base, name="mend: Euler a", sampler="Euler a", redrawn=(hand,)),
        replace(base, name="mend: in a region", boxes={"plain": (0.0, 0.4, 0.6, 1.0)}, redrawn=(hand, face)),
        replace(base, name="mend: a schedule", schedules={"plain": (0.6, 1.0)}, redrawn=(hand, face)),
        replace(base, name="mend: A1111's steps", redrawn=(hand,), like="a1111"),
    ]


def lcm_cases() -> list[Case]:
    return [Case(f"LCM, {steps} steps", sampler="LCM", steps=steps, cfg=2.0) for steps in (3, 4, 5, 7, 8)]


def odd_step_cases() -> list[Case]:
    """Steps that do not divide the base's time steps."""
    return [Case(f"{name}, 9 steps", sampler=name, steps=9, comfyui=name != "PLMS") for name in ("DDIM", "PLMS", "UniPC")]


def v_prediction_cases() -> list[Case]:
    names = ("Euler", "Euler a", "DPM++ 2M Karras", "DPM++ SDE Karras", "DPM2 a", "DDIM", "UniPC")
    return [Case(f"v-prediction, zero SNR: {name}", sampler=name, v_prediction=True) for name in names]


def all_cases(*, quick: bool = False) -> list[Case]:
    """The v-prediction ones come last, since programs load another checkpoint for them."""
    if quick:
        few = ("sampler Euler a", "sampler DPM++ SDE Karras", "emphasis", "two chunks beside one", "size 72x104", "three LoRAs")
        return [case for case in all_cases() if case.name in few]
    return [
        *sampler_cases(),
        *prompt_cases(),
        *size_cases(),
        *lora_cases(),
        *schedule_cases(),
        *region_cases(),
        *figure_cases(),
        *mend_cases(),
        *lcm_cases(),
        *odd_step_cases(),
        *v_prediction_cases(),
    ]


def family_cases(family: str, cases: Sequence[Case]) -> list[Case]:
    """All that A1111 draws for the narrow model, which ComfyUI does not open; at full size one schedule type a sampler, one case
    a kind, fewer steps; for SDXL the least."""
    if family == NARROW:
        return [case for case in cases if case.a1111]
    left_out = _variants() | {name for names in SAME_KIND.values() for name in names}
    fewer = [replace(case, steps=min(case.steps, FULL_STEPS)) for case in cases if case.name not in left_out]
    if family == "sd15":
        return fewer
    samplers = ("Euler", "Euler a", "DPM++ 2M Karras", "DPM++ SDE Karras")
    chosen = [*(f"sampler {name}" for name in samplers), "emphasis", "LoRA: text", "three LoRAs"]
    chosen += ["two chunks beside one", "empty negative", "textual inversion", "size 72x104"]
    return [case for case in fewer if case.name in chosen]


def _variants() -> set[str]:
    """Schedule types of samplers beyond one each: Karras where Karras is what people use."""
    karras = {name.removesuffix(" Karras") for name in SAMPLERS if name.startswith("DPM++") and name.endswith(" Karras")}
    kept = {f"{name} Karras" for name in karras}
    left_out = [name for name in SAMPLERS if name not in kept and (name in karras or name.endswith((" Karras", " Exponential")))]
    return {f"sampler {name}" for name in left_out}
