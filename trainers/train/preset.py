"""How a LoRA is trained: the settings, and good ones for each kind of thing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, Literal

from models.errors import InputError
from models.kinds import LoraKind
from trainers.prepare.captions import Variety
from trainers.prepare.crops import Size
from trainers.step_plan import Plan

Precision = Literal["auto", "float32", "bfloat16"]
Outside = Literal["photo", "nothing", "base"]
Stored = Literal["float16", "bfloat16", "float32"]
Init = Literal["uniform", "gaussian"]
Layers = Literal["blocks", "attention"]
Schedule = Literal["cosine", "linear", "constant", "constant_with_warmup", "polynomial"]


@dataclass(frozen=True)
class Preset:
    """Everything that shapes the result.

    A rank of 0 leaves the convolutions or the text encoder untrained. `layers` is what of the attention blocks is trained: all of
    them, projections and feed-forward included, as kohya's scripts do, or the attentions alone, as diffusers' examples do.
    `init` is how down matrices begin: "uniform" as in kohya's scripts (He et al. 2015), or "gaussian" of deviation 1 / rank as in
    diffusers' examples, larger for small ranks: they then learn sooner, as at a higher learning rate.
    `schedule` is how diffusers' scheduler of that name moves the learning rates, `warmup` a share of the steps. `accumulate`
    parts of each batch are calculated one after another, for a device that does not hold a whole batch: the result is the same.
    Noise levels are drawn as Beta(`noisy`, 1): 1 draws all alike, more draws the noisy ones oftener, where it is settled which
    colour goes where. `min_snr_gamma` weighs steps by the signal-to-noise ratio (Hang et al. 2023; None = all alike);
    `noise_offset` shifts whole channels so that dark and bright pictures are learnt. `prior_weight` is the weight of
    regularisation pictures in the loss. `preserve` is the share of pictures whose caption loses the trigger and whose target is
    what the base says: there the LoRA learns to change nothing (differential output preservation, as in ostris/ai-toolkit).
    `outside` is the target outside the thing's box (those of `prepare`): what the "photo" shows, as everywhere; "nothing", a
    masked loss; or what the "base" says of the same caption without the trigger, so that the LoRA changes the thing and nothing
    around it. `precision` is that of the base's arithmetic, the LoRA's own weights are float32; "auto" is bfloat16 where the
    processor multiplies in it. `stored` is the type of the file's matrices.
    """

    plan: Plan
    size: Size = (512, 768)
    rank: int = 32
    alpha: float = 16.0
    conv_rank: int = 0
    conv_alpha: float = 1.0
    text_rank: int = 0
    text_alpha: float = 16.0
    layers: Layers = "blocks"
    init: Init = "uniform"
    learning_rate: float = 1e-4
    text_learning_rate: float = 5e-5
    schedule: Schedule = "cosine"
    warmup: float = 0.05
    accumulate: int = 1
    weight_decay: float = 0.01
    variety: Variety = field(default_factory=Variety)
    noisy: float = 1.0
    min_snr_gamma: float | None = 5.0
    noise_offset: float = 0.0
    prior_weight: float = 1.0
    preserve: float = 0.0
    outside: Outside = "photo"
    precision: Precision = "auto"
    stored: Stored = "float16"
    gradient_checkpointing: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        least = {"rank": self.rank, "accumulate": self.accumulate, "plan.epochs": self.plan.epochs, "plan.batch": self.plan.batch}
        for name, value in least.items():
            if value < 1:
                raise InputError(f"{name} must be at least 1", str(value), f"use {name}=1 or more")
        if not 0 <= self.preserve < 1:
            raise InputError("preserve must be a share below 1", f"{self.preserve:g}", "use preserve=0 to preserve nothing")
        if self.noisy <= 0:
            raise InputError("noisy must be above 0", f"{self.noisy:g}", "use noisy=1 for all noise levels alike")


_SD15: Final = Preset(plan=Plan(steps=4000, epochs=10, batch=1), text_rank=32)
# A face is known by few strokes: three quarters of the steps, so that it does not also learn the light of the photos.
# Shoes come as small crops, two to a batch, repeated 16 times as the tutorial counts.
SD15: Final[dict[LoraKind, Preset]] = {
    "face": replace(_SD15, plan=Plan(steps=3000, epochs=10, batch=1), noise_offset=0.03),
    "clothing": replace(_SD15, noise_offset=0.05),
    "shoes": replace(_SD15, plan=Plan(steps=1600, epochs=10, batch=2), noise_offset=0.05),
    "other": _SD15,
}

# The lab's base knows names, each of which says many features at once: to make the trigger another one is most of the work, so
# the text encoder is trained as strongly as the UNet. What a word means there depends on its place: the trigger must be met
# anywhere in a caption. Steps that are almost all noise decide a colour, and a short training cannot spare them: no min-SNR, and
# they come oftener. A garment is learnt on its wearers, the figures that the demo draws: they come eight times as often as its
# close-ups. The marks of a face are a few pixels of a whole figure: its close-ups come as often as its wearers, and it trains
# longer. Three of them shall be worn at once: outside its own place each leaves the base alone.
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
    # Many marks in a small place: at the others' rate they came later than the colour.
    "clothing": replace(_LAB, learning_rate=4e-3),
    "shoes": _LAB,
    "other": _LAB,
}

PRESETS: Final[dict[str, dict[LoraKind, Preset]]] = {"sd15": SD15, "lab": LAB}


def preset(family: str, kind: LoraKind) -> Preset:
    """The settings for a family of bases ("sd15", "lab") and a kind of thing. Raises InputError for an unknown one."""
    if family not in PRESETS:
        raise InputError("no such family of presets", f"'{family}'", f"use one of: {', '.join(PRESETS)}")
    if kind not in PRESETS[family]:
        raise InputError("no such kind", f"'{kind}'", f"use one of: {', '.join(PRESETS[family])}")
    return PRESETS[family][kind]
