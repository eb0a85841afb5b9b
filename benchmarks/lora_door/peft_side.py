"""What diffusers and peft add for a file: loaded by their own loaders into copies of the base's models."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from torch import Tensor, nn

from benchmarks.lora_door.files import Made
from models.lora.sites import DENOISER, TEXT, TEXT_2, Part, Site

PREFIXES = {TEXT: "text_encoder", TEXT_2: "text_encoder_2"}


def diffusers_deltas(made: Made, modules: Mapping[Part, nn.Module]) -> dict[Site, Tensor]:
    """By layer that diffusers reads; none where it refuses the file.

    Left out are float8, which it does not cast, and files of several alphas, which diffusers 0.42 gives to other layers.
    """
    from diffusers.loaders import StableDiffusionLoraLoaderMixin, StableDiffusionXLLoraLoaderMixin

    if made.small_float or made.alphas > 1:
        return {}
    mixin: Any = StableDiffusionXLLoraLoaderMixin if TEXT_2 in modules else StableDiffusionLoraLoaderMixin
    copies: dict[Part, Any] = {part: deepcopy(module) for part, module in modules.items()}
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            state, alphas, metadata = mixin.lora_state_dict(
                str(made.path), unet_config=copies[DENOISER].config, return_lora_metadata=True
            )
            mixin.load_lora_into_unet(state, alphas, copies[DENOISER], adapter_name="x", metadata=metadata)
            for part, prefix in PREFIXES.items():
                if part in copies:
                    mixin.load_lora_into_text_encoder(
                        state, alphas, copies[part], prefix=prefix, adapter_name="x", metadata=metadata
                    )
    except Exception:  # whatever it is, diffusers does not read the file
        return {}
    finally:
        logging.disable(logging.NOTSET)
    # A layer that was made but not filled is 0.
    return {site: delta for part, model in copies.items() for site, delta in _deltas(part, model, "x") if bool(delta.any())}


def peft_deltas(made: Made, modules: Mapping[Part, nn.Module]) -> dict[Site, Tensor]:
    """Of a folder that peft saves; none for any other file."""
    from peft import PeftModel

    if not made.path.is_dir():
        return {}
    (part,) = {site.part for site in made.stems}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wrapped = PeftModel.from_pretrained(deepcopy(modules[part]), str(made.path))
    return dict(_deltas(part, wrapped.base_model.model, "default"))


def _deltas(part: Part, model: nn.Module, adapter: str) -> Iterator[tuple[Site, Tensor]]:
    for name, module in model.named_modules():
        if hasattr(module, "get_delta_weight"):
            yield Site(part, name), module.get_delta_weight(adapter).detach().float()
