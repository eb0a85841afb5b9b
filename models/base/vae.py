"""Opens an autoencoder of its own: one file in either layout (`.vae.safetensors` among them), or a diffusers folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.base.detect import checkpoint_shapes, description
from models.errors import InputError, first_line
from models.language.translate import phrase

if TYPE_CHECKING:
    import torch
    from diffusers import AutoencoderKL


def open_vae(path: Path, configs: Path, kind: torch.dtype, allow_pickle: bool = False) -> AutoencoderKL:
    """`configs`: folder of the base's family, whose `vae/config.json` a single file is read by.

    Raises InputError if it is absent, a pickle that is not allowed, or no VAE. SD1.5's and SDXL's VAE have the same layers: the
    file does not show which of them it holds.
    """
    from diffusers import AutoencoderKL

    if not path.exists():
        raise InputError("the VAE does not open (it is not there)", path, "check the path")
    if path.is_file():
        shapes = checkpoint_shapes(path, allow_pickle)
        if not any("decoder.conv_in" in name for name in shapes):
            raise InputError(
                phrase("{description} is no VAE", description=description(shapes)), path, "name a VAE in safetensors"
            )
    try:
        if path.is_dir():
            vae: Any = AutoencoderKL.from_pretrained(
                path, dtype=kind, local_files_only=True, use_safetensors=None if allow_pickle else True
            )
        else:
            vae = AutoencoderKL.from_single_file(
                str(path), config=str(configs), subfolder="vae", dtype=kind, local_files_only=True
            )
    except Exception as error:  # a foreign file fails in many ways
        raise InputError(
            phrase("the VAE does not open ({error})", error=first_line(error, 160)), path, "name a VAE in safetensors"
        ) from error
    if any(weight.is_meta for weight in vae.parameters()):
        raise InputError("the VAE lacks weights", path, "fetch it again")
    return vae


def check_scale(path: Path, vae: Any, own: float) -> None:
    """Raises InputError if the VAE's latents are of another scale than `own`, the base's: it was made for another family."""
    scale = float(vae.config["scaling_factor"])
    if scale != own:
        what = phrase(
            "the VAE is of another family of bases (scaling factor {scale:g} where the base's is {own:g})", scale=scale, own=own
        )
        raise InputError(what, path, "name a VAE made for this kind of base")


def stored_scale(configs: Path) -> float:
    """The scaling factor that a family's config names."""
    return float(json.loads((configs / "vae" / "config.json").read_text(encoding="utf-8")).get("scaling_factor", 0.18215))
