"""Kinds of pictures: prompt skeleton, negative prompt, size, sampler and requirements of a new study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Final

from models.errors import InputError
from models.language.translate import phrase
from models.lora_kinds import LoraKind

Size = tuple[int, int]


@dataclass(frozen=True)
class Preset:
    """What a kind of pictures sets; None is left to the other presets."""

    quality: str | None = None
    """Tags of the prompt after the subject."""
    framing: str | None = None
    """Tags of how much of the figure shows."""
    negative: str | None = None
    samplers: Mapping[str, str] | None = None
    """By base family."""
    steps: int | None = None
    cfgs: Mapping[str, float] | None = None
    """By base family: those of SDXL burn colours above 7."""
    clip_skip: int | None = None
    """Of SD1.5 bases; SDXL's have 1."""
    sizes: Mapping[str, Size] | None = None
    """Width and height in pixels by base family."""
    left_out: tuple[LoraKind, ...] | None = None
    """Kinds of LoRAs that such pictures do not show."""
    require: float | None = None
    """Calibrated score that each LoRA must reach."""


PRESETS: Final[Mapping[str, Preset]] = {
    "photo": Preset(
        quality="best quality, (photorealistic:1.4), simple background",
        negative="worst quality, low quality, lowres, bad anatomy, bad hands, extra fingers, blurry",
        samplers={"sd15": "DPM++ SDE Karras", "sdxl": "DPM++ 2M Karras"},
        steps=30,
        cfgs={"sd15": 7.5, "sdxl": 6.0},
        clip_skip=1,
        require=0.7,
    ),
    "drawn": Preset(
        quality="masterpiece, best quality, simple background",
        negative="worst quality, low quality, lowres, bad anatomy, bad hands, extra digits, jpeg artifacts, signature",
        samplers={"sd15": "Euler a"},
        steps=28,
        cfgs={"sd15": 7.0, "sdxl": 6.0},
        clip_skip=2,
        require=0.7,
    ),
    "full-body": Preset(framing="full body, standing", sizes={"sd15": (512, 768), "sdxl": (832, 1216)}, left_out=()),
    "half-body": Preset(framing="upper body", sizes={"sd15": (512, 640), "sdxl": (896, 1152)}, left_out=("shoes",), require=0.75),
}
DEFAULT: Final = ("photo", "full-body")
LISTED: Final = ", ".join(PRESETS)


def preset_named(names: Sequence[str]) -> Preset:
    """These presets in one, over the default ones. Raises InputError for an unknown name, and for two of one sort."""
    for name in names:
        if name not in PRESETS:
            raise InputError(phrase("no preset {name}", name=name), "--preset", phrase("choose of {listed}", listed=LISTED))
    for one, other in (("photo", "drawn"), ("full-body", "half-body")):
        if one in names and other in names:
            raise InputError(
                phrase("{one} and {other} exclude each other", one=one, other=other), "--preset", "name one of the two"
            )
    joined = Preset()
    for name in (*DEFAULT, *names):
        given = {field.name: getattr(PRESETS[name], field.name) for field in fields(Preset)}
        joined = replace(joined, **{key: value for key, value in given.items() if value is not None})
    return joined


def size_of(preset: Preset, family: str, side: int | None) -> Size:
    """Width and height in pixels; a base that states a smaller `side` than its family's is drawn at that height."""
    sizes = preset.sizes or {}
    width, height = sizes.get(family, sizes["sd15"])
    if side is None or side >= 512:
        return width, height
    return max(32, round(side * width / height / 8) * 8), side // 8 * 8
