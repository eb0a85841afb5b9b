"""How tools name a layer of a LoRA file: every spelling that the door reads, written from the names of a base's layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

KOHYA_ENDS: Final = ("lora_down.weight", "lora_up.weight")
PEFT_ENDS: Final = ("lora_A.weight", "lora_B.weight")
PROCESSORS: Final = ("processors", "processors, no prefix")
"""Namings of diffusers' former attention processors: attention layers alone have such names."""


@dataclass(frozen=True)
class Naming:
    """`denoiser` makes a name of a layer's own name in diffusers' layout and its name in the original one; `text` makes one of
    the number of the text encoder (0 or 1) and the layer's name."""

    denoiser: Callable[[str, str], str]
    ends: tuple[str, str]
    """Of the keys of the down and the up matrix."""
    text: Callable[[int, str], str] | None = None
    """None where the tool has no such form for text encoders."""

    def keys(self, stem: str) -> tuple[str, str]:
        """Of the down and the up matrix of a layer."""
        return f"{stem}.{self.ends[0]}", f"{stem}.{self.ends[1]}"


def flat(name: str) -> str:
    return name.replace(".", "_")


def _processor(name: str) -> str:
    return name.replace(".to_", ".processor.to_").removesuffix(".0") if ".to_" in name else name


def _prefixed(first: str, second: str, spell: Callable[[str], str] = str) -> Callable[[int, str], str]:
    return lambda number, name: (second if number else first) + spell(name)


_kohya = _prefixed("lora_te1_", "lora_te2_", flat)
_peft = _prefixed("text_encoder.", "text_encoder_2.")
_comfyui = _prefixed("text_encoders.clip_l.transformer.", "text_encoders.clip_g.transformer.")

NAMINGS: Final[dict[str, Naming]] = {
    "kohya": Naming(lambda own, original: f"lora_unet_{flat(own)}", KOHYA_ENDS, _kohya),
    "kohya, original layout": Naming(lambda own, original: f"lora_unet_{flat(original)}", KOHYA_ENDS, _kohya),
    "LyCORIS": Naming(lambda own, original: f"lycoris_{flat(own)}", KOHYA_ENDS, _prefixed("lycoris_", "lycoris_", flat)),
    "LyCORIS, original layout": Naming(lambda own, original: f"lycoris_{flat(original)}", KOHYA_ENDS),
    "OneTrainer": Naming(lambda own, original: f"unet.{original}", KOHYA_ENDS, _prefixed("clip_l.", "clip_g.")),
    "ComfyUI": Naming(lambda own, original: f"diffusion_model.{original}", KOHYA_ENDS, _comfyui),
    "checkpoint": Naming(
        lambda own, original: f"model.diffusion_model.{original}",
        KOHYA_ENDS,
        _prefixed("cond_stage_model.transformer.", "conditioner.embedders.1.transformer."),
    ),
    "peft": Naming(lambda own, original: f"unet.{own}", PEFT_ENDS, _peft),
    "peft, no prefix": Naming(lambda own, original: own, PEFT_ENDS, _prefixed("", "")),
    "peft, saved": Naming(
        lambda own, original: f"base_model.model.{own}", PEFT_ENDS, _prefixed("base_model.model.", "base_model.model.")
    ),
    "peft, saved in a pipeline": Naming(
        lambda own, original: f"unet.base_model.model.{own}",
        PEFT_ENDS,
        _prefixed("text_encoder.base_model.model.", "text_encoder_2.base_model.model."),
    ),
    "peft, a pipeline saved": Naming(lambda own, original: f"base_model.model.unet.{own}", PEFT_ENDS),
    "peft, compiled": Naming(lambda own, original: f"base_model.model._orig_mod.{own}", PEFT_ENDS),
    "peft, an adapter's name": Naming(
        lambda own, original: f"unet.{own}", ("lora_A.default_0.weight", "lora_B.default_0.weight"), _peft
    ),
    "peft, bare matrices": Naming(lambda own, original: f"diffusion_model.{original}", ("lora_A", "lora_B"), _comfyui),
    "transformer": Naming(lambda own, original: f"transformer.{own}", PEFT_ENDS),
    "module": Naming(lambda own, original: f"module.{own}", PEFT_ENDS),
    "diffusers": Naming(lambda own, original: f"unet.{own}", ("lora.down.weight", "lora.up.weight"), _peft),
    "diffusers, former": Naming(
        lambda own, original: f"unet.{own}", ("lora_linear_layer.down.weight", "lora_linear_layer.up.weight"), _peft
    ),
    "processors": Naming(lambda own, original: f"unet.{_processor(own)}_lora", ("down.weight", "up.weight")),
    "processors, no prefix": Naming(lambda own, original: f"{_processor(own)}_lora", ("down.weight", "up.weight")),
    "no prefix": Naming(lambda own, original: original, KOHYA_ENDS),
    "no prefix, flat": Naming(lambda own, original: flat(own), KOHYA_ENDS),
}
