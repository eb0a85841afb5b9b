"""What a single-file checkpoint is, by the names and shapes of its tensors, before any weight is loaded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from models.base.registry import FAMILIES, titles
from models.errors import InputError
from models.io.pickles import PICKLES, read_pickle
from models.io.safetensors_header import read_safetensors_header
from models.language.translate import Phrase, phrase
from models.lora.key_spellings import split_key
from models.lora.methods import unsupported_method

if TYPE_CHECKING:
    from models.base.family import BaseFamily

Shapes = Mapping[str, tuple[int, ...]]

FIRST: Final = "model.diffusion_model.input_blocks.0.0.weight"
LATENT_CHANNELS: Final = 4

OTHERS: Final[dict[str, Phrase]] = {
    r".*\bdouble_blocks\.\d+\..*": phrase("a FLUX checkpoint"),
    r".*\bcontext_refiner\.\d+\..*": phrase("a Z-Image checkpoint"),
    r".*\bjoint_blocks\.\d+\..*": phrase("a Stable Diffusion 3 checkpoint"),
    r"conditioner\.embedders\.0\.model\..*": phrase("SDXL's refiner"),
    r"cond_stage_model\.model\..*": phrase("a Stable Diffusion 2 checkpoint"),
    r"control_model\..*|controlnet_cond_embedding\..*": phrase("a ControlNet"),
    r"model\.diffusion_model\..*": phrase("a checkpoint without the text encoder of SD1.5 or SDXL"),
    r"emb_params|clip_[lg]": phrase("a textual inversion"),
    r"(first_stage_model\.|vae\.)?(encoder|decoder)\.(conv_in|conv_out|mid|mid_block|down|up)\..*": phrase("a VAE"),
    r"(text_model\.)?(encoder\.layers|embeddings)\..*": phrase("a text encoder"),
    r"(down_blocks|up_blocks|mid_block)\..*": phrase("the UNet of a diffusers folder"),
}
"""What a file is that contains a name of this form. The first that fits counts."""
IN_FOLDERS: Final = ("a FLUX checkpoint", "a Z-Image checkpoint")
"""Of these the families of which diffusers folders are opened: a single file holds no tokenizer, and often no text encoder."""


def checkpoint_shapes(path: Path, allow_pickle: bool) -> dict[str, tuple[int, ...]]:
    """Shapes of all tensors by name.

    Raises InputError for a damaged file, and for a pickle that is not allowed or contains more than weights.
    """
    if path.suffix == ".safetensors":
        return read_safetensors_header(path).shapes
    if path.suffix.lower() not in PICKLES:
        raise InputError(
            phrase("no checkpoint ends in '{suffix}'", suffix=path.suffix), path, "name a .safetensors file or a diffusers folder"
        )
    if not allow_pickle:
        mend = "use a .safetensors file of the same model, or set base.allow_pickle: true to read its weights alone"
        raise InputError("a pickle checkpoint can run code when opened", path, mend)
    weights: Any = read_pickle(path)
    while isinstance(weights, dict) and "state_dict" in weights:
        weights = weights["state_dict"]
    return {str(name): tuple(value.shape) for name, value in weights.items() if hasattr(value, "shape")}


def family_of(path: Path, shapes: Shapes) -> BaseFamily:
    """Raises InputError, naming what the file is where that is clear, unless it is a whole checkpoint of a family."""
    first = shapes.get(FIRST, ())
    if len(first) > 1 and first[1] != LATENT_CHANNELS:
        what = phrase("a checkpoint for inpainting or editing (its UNet reads {first} channels)", first=first[1])
        raise InputError(
            what, path, phrase("name the {titles} checkpoint that draws from text", titles=titles(single_files=True))
        )
    for family in FAMILIES.values():
        if family.recognises(shapes):
            return family
    what = description(shapes)
    if what in IN_FOLDERS:
        mend = "name its diffusers folder (that of model_index.json), which holds text encoders and tokenizers too"
        raise InputError(phrase("{description} in a single file", description=what), path, mend)
    raise InputError(
        phrase("{description} is no {titles} checkpoint", description=what, titles=titles(single_files=True)),
        path,
        phrase("name an {titles} checkpoint under base:", titles=titles(single_files=True)),
    )


def description(shapes: Shapes) -> Phrase:
    """What a file is that contains tensors of these names, in a few words."""
    if unsupported_method(list(shapes)) or any(split_key(name) for name in shapes):
        return phrase("a LoRA")
    for mark, what in OTHERS.items():
        if any(re.fullmatch(mark, name) for name in shapes):
            return what
    return phrase("a file of unknown names") if shapes else phrase("an empty file")
