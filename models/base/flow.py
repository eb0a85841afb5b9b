"""What flow-matching bases share (Liu et al. 2022, "Flow straight and fast"): a transformer on the latents of a VAE, drawn by
Euler steps, encoded and cut into patches by diffusers' own pipelines.

They are drawn and not trained here, and opened from diffusers folders: a single file has no tokenizer.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from models.base.family import Base, Conditioning, Frame
from models.base.prompt.reading import A1111, Reading
from models.base.prompt.schedules import refuse_unread
from models.base.textual_inversion import is_named
from models.errors import InputError
from models.language.translate import phrase
from models.lora.sites import DENOISER, TEXT, Part, Site

if TYPE_CHECKING:
    from torch import Tensor, nn

    from models.base.textual_inversion import Embedding

TOKENS: Final = 512
"""Of a prompt, which diffusers' pipelines of these families read."""
PATCH: Final = 2
"""Latent cells that a patch, which the transformer takes for one, is wide and high."""
SCHEDULER: Final = "FlowMatchEulerDiscreteScheduler"
EMPHASIS: Final = re.compile(r"\([^()]*:\s*[-+]?\d*\.?\d+\s*\)")


class FlowFamily(ABC):
    """The part of `models.base.family.BaseFamily` that such families have in common. A family adds `encode_one` and what tells
    it from the others."""

    name: str
    title: str
    pipeline_options: Mapping[str, Any] = MappingProxyType({})
    denoiser_folder = "transformer"
    honours_clip_skip = False
    trainable = False
    size_step = 8 * PATCH
    single_files = False
    samplers: tuple[str, ...] | None = ("Euler",)
    kohya_version: str
    architecture: str

    @abstractmethod
    def encode_one(self, base: Base, prompt: str) -> Conditioning:
        """One row of one prompt, by the pipeline of diffusers."""

    # opening

    def recognises(self, shapes: Mapping[str, tuple[int, ...]]) -> bool:
        return False

    def read_tokenizers(self, folder: Path) -> dict[str, Any]:
        return {}

    def check(self, pipe: Any, name: str) -> None:
        kind = type(pipe.scheduler).__name__
        if kind != SCHEDULER:
            what = phrase("a {family} folder with the scheduler {kind}, which is not followed here", family=self.title, kind=kind)
            raise InputError(what, name, phrase("use the folder with its published scheduler, {known}", known=SCHEDULER))
        if pipe.scheduler.config.get("stochastic_sampling"):
            what = phrase("a {family} folder whose scheduler draws noise of its own between the steps", family=self.title)
            raise InputError(what, name, "set stochastic_sampling to false in its scheduler_config.json")

    def pieces(self, pipe: Any) -> tuple[dict[Part, nn.Module], dict[Part, Any]]:
        """Of a pipeline with one text encoder."""
        return {DENOISER: pipe.transformer, TEXT: pipe.text_encoder}, {TEXT: pipe.tokenizer}

    # drawing

    def encode(
        self,
        base: Base,
        prompt: str,
        negative: str,
        *,
        size: tuple[int, int],
        clip_skip: int = 1,
        embeddings: Mapping[str, Embedding] | None = None,
        reading: Reading = A1111,
    ) -> tuple[Conditioning, Conditioning]:
        refuse_unread(prompt, negative, reading)
        for text in (prompt, negative):
            self._refuse_emphasis(text)
            called = next((word for word in embeddings or {} if is_named(word, [text])), None)
            if called is not None:
                what = phrase("the textual inversion {word}: {family} reads none", word=called, family=self.title)
                raise InputError(what, "prompt", "leave it out of the prompt")
        positive = self.encode_one(base, prompt)
        return of_one_length(positive if negative == prompt else self.encode_one(base, negative), positive)

    def vae_overflows(self, base: Base) -> bool:
        return bool(base.vae.config.get("force_upcast", False))

    def factor(self, base: Base) -> int:
        return PATCH * cell(base)

    def latent_shape(self, base: Base, width: int, height: int) -> tuple[int, int, int]:
        return int(base.vae.config["latent_channels"]), height // cell(base), width // cell(base)

    def decode(self, base: Base, latents: Tensor) -> Tensor:
        config = base.vae.config
        unscaled = latents.to(base.vae.dtype) / config["scaling_factor"] + config["shift_factor"]
        pixels: Tensor = base.vae.decode(unscaled, return_dict=False)[0]
        return pixels

    def encode_pixels(self, base: Base, pixels: Tensor) -> tuple[Tensor, Tensor | None]:
        scale, shift = float(base.vae.config["scaling_factor"]), float(base.vae.config["shift_factor"])
        found = base.vae.encode(pixels).latent_dist
        return (found.mean.float().cpu() - shift) * scale, found.std.float().cpu() * scale

    # training

    def encode_captions(self, base: Base, captions: Sequence[str]) -> Conditioning:
        raise self._untrained(base)

    def picture_conditioning(self, base: Base, frames: Sequence[Frame]) -> Mapping[str, Tensor]:
        raise self._untrained(base)

    def picture_step(self, base: Base) -> int:
        raise self._untrained(base)

    def file_names(self, base: Base) -> Callable[[Site], str]:
        raise self._untrained(base)

    def _untrained(self, base: Base) -> InputError:
        what = phrase("LoRAs are drawn on {family} bases here, not trained", family=self.title)
        return InputError(what, base.name, "train it with a program that trains this family, and name its file in a study")

    def _refuse_emphasis(self, text: str) -> None:
        found = EMPHASIS.search(text)
        if found is not None:
            what = phrase("the weight of '{words}': {family} reads prompts as plain text", words=found[0][:80], family=self.title)
            raise InputError(what, "prompt", "leave the brackets and the number out, and say it in words")

    def _refuse_long(self, tokenizer: Any, text: str) -> None:
        """Raises InputError for a text of which the pipeline would cut the end off without a word."""
        tokens = len(tokenizer(text).input_ids)
        if tokens > TOKENS:
            what = phrase("a prompt of {tokens} tokens: {family} reads {most}", tokens=tokens, family=self.title, most=TOKENS)
            raise InputError(what, "prompt", "shorten it")

    def _refuse_long_turn(self, tokenizer: Any, text: str, *, thinking: bool) -> None:
        """The same for a text that the pipeline puts into a chat's turn."""
        turns = [{"role": "user", "content": text}]
        asked = {"tokenize": False, "add_generation_prompt": True, "enable_thinking": thinking}
        self._refuse_long(tokenizer, tokenizer.apply_chat_template(turns, **asked))


def cell(base: Base) -> int:
    """Pixels that a latent cell is wide and high."""
    return int(2 ** (len(base.vae.config["block_out_channels"]) - 1))


def even_levels(steps: int) -> list[float]:
    """Falling shares of noise in even steps, the last of which ends without any."""
    import numpy as np

    found: list[float] = np.linspace(1.0, 1 / steps, steps).tolist()
    return found


def shift_by_size(calculate: Callable[..., float], base: Base, patches: int) -> float:
    """How far a schedule is shifted for so many patches, by diffusers' `calculate` and what the base's scheduler states."""
    stated = base.schedule.get
    sizes = stated("base_image_seq_len", 256), stated("max_image_seq_len", 4096)
    return calculate(patches, *sizes, stated("base_shift", 0.5), stated("max_shift", 1.15))


def of_one_length(negative: Conditioning, positive: Conditioning) -> tuple[Conditioning, Conditioning]:
    """Both with equally many tokens, the shorter one padded with zeros, which `lengths` keeps from the denoiser."""
    from torch.nn.functional import pad

    longest = max(one.hidden.shape[1] for one in (negative, positive))
    padded = [pad(one.hidden, (0, 0, 0, longest - one.hidden.shape[1])) for one in (negative, positive)]
    return Conditioning(padded[0], negative.extra, negative.lengths), Conditioning(padded[1], positive.extra, positive.lengths)
