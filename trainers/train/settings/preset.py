"""The settings that shape a LoRA."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal

from models.errors import InputError
from models.language.translate import phrase
from trainers.prepare.cutting.crops import Size
from trainers.step_plan import Plan
from trainers.train.settings.variety import Variety

LARGEST_SEED: Final = 2**32 - 1
"""That every generator takes which a training seeds, with the little that some of them add."""
Precision = Literal["auto", "float32", "bfloat16"]
Outside = Literal["photo", "nothing", "base"]
Masks = Literal["unused", "loss", "alpha"]
Stored = Literal["float16", "bfloat16", "float32"]
Init = Literal["uniform", "gaussian"]
Layers = Literal["blocks", "attention"]
Optimizer = Literal["adamw", "adamw8bit"]
Weights = Literal["float32", "bfloat16", "auto"]
NEWER: Final[Mapping[str, Any]] = MappingProxyType({"masks": "unused", "optimizer": "adamw", "weights": "float32"})
"""Settings that came later, and what all trainings before them were: LoRAs that are trained so stay bit for bit the same."""
Schedule = Literal["cosine", "linear", "constant", "constant_with_warmup", "polynomial"]


@dataclass(frozen=True)
class Preset:
    """Everything that shapes the result. Names and values are part of a LoRA's metadata and of its fingerprint.

    Raises InputError for values out of range.
    """

    plan: Plan
    """Steps, epochs and batch size."""
    size: Size = (512, 768)
    """Width and height of training images in pixels."""
    rank: int = 32
    """Rank of the LoRA layers in attention blocks, at least 1."""
    alpha: float = 16.0
    """Scale of those layers: W + alpha / rank B A."""
    conv_rank: int = 0
    """Rank of the LoRA layers in the other convolutions (LoCon); 0 leaves them untrained."""
    conv_alpha: float = 1.0
    """Alpha of the layers in convolutions."""
    text_rank: int = 0
    """Rank of the LoRA layers in each text encoder; 0 leaves them untrained."""
    text_alpha: float = 16.0
    """Alpha of the layers in text encoders."""
    layers: Layers = "blocks"
    """Layers of attention blocks: all, projections and feed-forward included (kohya), or "attention" alone (diffusers)."""
    init: Init = "uniform"
    """Initial down matrices: "uniform" (He et al. 2015, kohya) or "gaussian" of deviation 1 / rank (diffusers), larger at small
    ranks, which acts as a higher learning rate."""
    learning_rate: float = 1e-4
    """Peak learning rate of the denoiser's layers, per step."""
    text_learning_rate: float = 5e-5
    """Peak learning rate of the layers in text encoders, per step."""
    schedule: Schedule = "cosine"
    """Learning-rate schedule of that name in diffusers."""
    warmup: float = 0.05
    """Share of the steps, in [0, 1], over which learning rates rise from 0."""
    accumulate: int = 1
    """Parts of a batch that are computed one after another to save memory, at least 1; the result is the same."""
    weight_decay: float = 0.01
    """AdamW's decoupled weight decay."""
    variety: Variety = field(default_factory=Variety)
    """Caption augmentation."""
    noisy: float = 1.0
    """Timesteps are drawn as Beta(noisy, 1) of the schedule: 1 is uniform, more prefers noisy ones, which decide colours."""
    min_snr_gamma: float | None = 5.0
    """Cap on the signal-to-noise ratio in loss weights (Hang et al. 2023); None weighs all timesteps alike."""
    noise_offset: float = 0.0
    """Deviation of the noise that shifts whole channels, so that dark and bright images are learnt."""
    prior_weight: float = 1.0
    """Weight of regularisation images in the loss."""
    preserve: float = 0.0
    """Share of images, in [0, 1), whose caption loses the trigger and whose target is the base's own prediction (differential
    output preservation, as in ostris/ai-toolkit)."""
    outside: Outside = "photo"
    """Target outside the thing's box: the "photo"; "nothing", a masked loss; or the "base"'s prediction for the caption without
    the trigger, so that the LoRA changes the thing alone."""
    masks: Masks = "unused"
    """What weights the loss by latent cells, on top of `outside`: nothing; a "loss" mask, where a picture has one
    (trainers.train.data.masks); or the picture's own "alpha" channel."""
    precision: Precision = "auto"
    """Arithmetic of a base of float32 weights; "auto" is bfloat16 where the processor multiplies in it. LoRA weights train in
    float32."""
    weights: Weights = "float32"
    """Type in which the base is held, its VAE excepted, and computes; "auto" is bfloat16 where the processor multiplies in it."""
    optimizer: Optimizer = "adamw"
    """AdamW with states of 32 bits, or of 8 ("adamw8bit", of bitsandbytes)."""
    stored: Stored = "float16"
    """Type of the file's matrices."""
    gradient_checkpointing: bool = False
    """Whether activations are recomputed in the backward pass to save memory."""
    seed: int = 0
    """Seed of all randomness in a training."""

    def described(self) -> dict[str, Any]:
        """By name, as metadata and fingerprint have it: without newer settings where they change nothing."""
        return {name: value for name, value in asdict(self).items() if name not in NEWER or value != NEWER[name]}

    def __post_init__(self) -> None:
        at_least_one = {
            "rank": self.rank,
            "accumulate": self.accumulate,
            "plan.epochs": self.plan.epochs,
            "plan.batch": self.plan.batch,
        }
        for name, value in at_least_one.items():
            if value < 1:
                raise InputError(
                    phrase("{name} must be at least 1", name=name), str(value), phrase("use {name}=1 or more", name=name)
                )
        if not 0 <= self.preserve < 1:
            raise InputError("preserve must be a share below 1", f"{self.preserve:g}", "use preserve=0 to preserve nothing")
        if not 0 <= self.seed <= LARGEST_SEED:
            raise InputError(
                phrase("no seed: {seed}", seed=self.seed),
                "seed",
                phrase("use a whole number from 0 to {largest_seed}", largest_seed=LARGEST_SEED),
            )
        if self.noisy <= 0:
            raise InputError("noisy must be above 0", f"{self.noisy:g}", "use noisy=1 for all noise levels alike")
