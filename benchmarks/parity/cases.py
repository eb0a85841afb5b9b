"""The cases that are drawn in A1111, in ComfyUI and here at equal weights, seeds and settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from benchmarks.parity.case import BAD, Box, Case
from optimizer.render.sampling.samplers import SAMPLERS
from studies.run.mended.mended import Redrawn

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
EMPHASIS: Final = "1girl, (pink dress:1.4), ((standing)), [hat], (white shoes:0.6)"
THINGS: Final = ("hat", "dress", "shoes", "bag", "sky")
TAGS: Final = ", ".join(f"{colour} {thing}" for thing in THINGS for colour in ("red", "blue", "old"))
LONG: Final = f"1girl, {TAGS}, {TAGS.replace('old', 'new')}, full body"
"""Two chunks of 75 tokens."""
THREE_CHUNKS: Final = f"{LONG}, {TAGS.replace('red', 'striped')}, {TAGS.replace('blue', 'gold')}"
THREE: Final = {"plain": 0.7, "second": 0.4, "third": 0.55}


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


def control_cases() -> list[Case]:
    """ControlNets: ComfyUI's "Apply ControlNet"."""
    base = Case("", sampler="DPM++ 2M Karras", a1111=False, loras={"plain": 0.7})
    head: Box = (0.0, 0.0, 1.0, 0.5)
    return [
        replace(base, name="control: in all steps", control={"net": (0.8, 1.0)}),
        replace(base, name="control: in half of them", control={"net": (1.0, 0.5)}),
        replace(base, name="control: two", control={"net": (0.5, 0.75), "other": (0.7, 1.0)}),
        replace(base, name="control: DPM++ SDE", sampler="DPM++ SDE Karras", control={"net": (1.0, 0.5)}),
        replace(base, name="control: with a region", boxes={"plain": head}, control={"net": (0.8, 1.0)}),
        replace(base, name="control: no LoRA, Euler a", sampler="Euler a", loras={}, control={"net": (1.0, 1.0)}),
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
        replace(base, name="mend: a ControlNet", control={"net": (0.75, 1.0)}, redrawn=(hand, replace(face, strength=1.0))),
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
        *control_cases(),
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
