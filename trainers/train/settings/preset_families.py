"""Good settings by family of bases and by kind of LoRA; docs/training.md says why they are so."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from models.errors import InputError
from models.language.translate import phrase
from models.lora_kinds import LoraKind
from trainers.step_plan import Plan
from trainers.train.settings.preset import Preset
from trainers.train.settings.variety import Variety

_SD15: Final = Preset(plan=Plan(steps=4000, epochs=10, batch=1), text_rank=32)
# Few strokes make a face: three quarters of the steps, so that it does not also learn the light of the photos.
# Shoes come as small crops, two to a batch, repeated 16 times as the tutorial counts.
SD15: Final[dict[LoraKind, Preset]] = {
    "face": replace(_SD15, plan=Plan(steps=3000, epochs=10, batch=1), noise_offset=0.03),
    "clothing": replace(_SD15, noise_offset=0.05),
    "shoes": replace(_SD15, plan=Plan(steps=1600, epochs=10, batch=2), noise_offset=0.05),
    "other": _SD15,
}

# Layers are two to four times as wide as SD1.5's, and there are more of them: half the rank holds more. Half the epochs: what
# people train on these bases is 1500 to 2500 steps. Both text encoders stay as they are, as kohya's scripts advise for two of
# them: several LoRAs at once do not bend the same words, and embeddings are kept. Where they are trained (text_rank) they take a
# tenth of the denoiser's rate, as kohya's page on SDXL has it. No noise offset: the bases were themselves finished with it or,
# with zero-terminal SNR, need none.
_SDXL: Final = Preset(
    plan=Plan(steps=2000, epochs=5, batch=1),
    size=(1024, 1024),
    rank=16,
    alpha=8.0,
    text_alpha=8.0,
    text_learning_rate=1e-5,
    weights="auto",
    gradient_checkpointing=True,
)
SDXL: Final[dict[LoraKind, Preset]] = {
    # As for SD1.5 three quarters of the steps, and half the rank: a face has fewer strokes than a garment has seams, and a small
    # rank has less room for the photos' light and background.
    "face": replace(_SDXL, plan=Plan(steps=1500, epochs=5, batch=1), rank=8, alpha=4.0, text_alpha=4.0),
    "clothing": _SDXL,
    # Small crops, two to a batch, as for SD1.5.
    "shoes": replace(_SDXL, plan=Plan(steps=800, epochs=5, batch=2)),
    "other": _SDXL,
}

# Each name that the lab's base was trained on stands for many features at once: a trigger has to become another such name, so
# the text encoder trains as strongly as the UNet. A word's meaning there depends on its position: the trigger must occur anywhere
# in a caption. The noisiest timesteps decide a colour, and a short training cannot spare them: no min-SNR, and they come more
# often. A garment is learnt on its wearers, the figures that the demo draws: they come eight times as often as its close-ups. The
# marks of a face are a few pixels of a whole figure: its close-ups come as often as its wearers, and it trains longer. Three of
# these LoRAs are active at once: outside its own box each leaves the base alone.
_LAB: Final = Preset(
    plan=Plan(steps=24, epochs=8, batch=8, reg_ratio=8.0),
    size=(128, 192),
    rank=8,
    alpha=8.0,
    text_rank=8,
    text_alpha=8.0,
    learning_rate=2.5e-3,
    text_learning_rate=6e-3,
    weight_decay=0.0,
    preserve=0.1,
    outside="base",
    variety=Variety(keep=0, tag_dropout=0.3, dropout=0.0),
    noisy=1.5,
    min_snr_gamma=None,
)
LAB: Final[dict[LoraKind, Preset]] = {
    "face": replace(_LAB, plan=Plan(steps=150, epochs=10, batch=8, reg_ratio=1.0)),
    # Many marks in a small place: at the others' rate they come later than the colour. At 4e-3 a dress draws close-ups in place
    # of figures from weight 1 on.
    "clothing": replace(_LAB, learning_rate=3.2e-3),
    "shoes": replace(_LAB, learning_rate=4e-3),
    "other": _LAB,
}

PRESETS: Final[dict[str, dict[LoraKind, Preset]]] = {"sd15": SD15, "sdxl": SDXL, "lab": LAB}
FAMILIES: Final = {"lab": "sd15"}
"""The family of bases that presets are for, by name, where they are not named after it."""


def preset(family: str, kind: LoraKind) -> Preset:
    """The settings for a family of bases ("sd15", "sdxl", "lab") and a kind of LoRA. Raises InputError for an unknown one."""
    if family not in PRESETS:
        raise InputError("no such family of presets", f"'{family}'", phrase("use one of: {names}", names=", ".join(PRESETS)))
    if kind not in PRESETS[family]:
        raise InputError("no such kind", f"'{kind}'", phrase("use one of: {names}", names=", ".join(PRESETS[family])))
    return PRESETS[family][kind]
