"""Opens a base checkpoint: a diffusers folder, a single-file SD1.5 checkpoint, or a hub name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from models.errors import InputError
from models.hashing import hash_path
from models.quiet import quiet_loading

if TYPE_CHECKING:
    import torch
    from diffusers import AutoencoderKL, AutoencoderTiny, UNet2DConditionModel
    from transformers import CLIPTextModel, CLIPTokenizer

Dtype = Literal["float32", "bfloat16", "float16"]
CONFIGS = Path(__file__).parent / "configs"


@dataclass(frozen=True)
class Base:
    """The pieces of a Stable Diffusion 1.x model, on one device. `hash` is SHA-256 over the file or folder, in hex."""

    tokenizer: CLIPTokenizer
    text_encoder: CLIPTextModel
    unet: UNet2DConditionModel
    vae: AutoencoderKL | AutoencoderTiny
    schedule: dict[str, Any]
    name: str
    hash: str

    @property
    def factor(self) -> int:
        """Pixels a latent cell is wide."""
        return int(2 ** (len(self.vae.config["block_out_channels"]) - 1))

    @property
    def device(self) -> torch.device:
        where: torch.device = self.unet.device
        return where


def open_base(
    checkpoint: str | Path,
    *,
    config: str = "sd15",
    vae: str | Path | None = None,
    dtype: Dtype = "float32",
    device: str = "cpu",
) -> Base:
    """Opens `checkpoint` without asking any network unless it is a hub name ("owner/name" that is no path).

    Raises InputError if it is absent, a pickle, or no Stable Diffusion 1.x model.
    """
    import torch
    from diffusers import StableDiffusionPipeline

    quiet_loading()
    kind = getattr(torch, dtype)
    path = Path(checkpoint)
    common = {"dtype": kind, "safety_checker": None, "requires_safety_checker": False}
    if path.is_dir():
        pipe = _folder(path, common)
    elif path.is_file():
        pipe = _single_file(path, config, common)
    elif _is_hub_name(str(checkpoint)):
        pipe = StableDiffusionPipeline.from_pretrained(str(checkpoint), **common)
    else:
        raise InputError("no such base checkpoint", checkpoint, "give a .safetensors file, a diffusers folder or a hub name")
    if vae is not None:
        pipe.vae = _open_vae(Path(vae), kind)
    for part in (pipe.unet, pipe.text_encoder, pipe.vae):
        part.to(device).requires_grad_(False).eval()
    digest = hash_path(path) if path.exists() else str(checkpoint)
    return Base(
        pipe.tokenizer, pipe.text_encoder, pipe.unet, pipe.vae, dict(pipe.scheduler.config), path.stem or str(checkpoint), digest
    )


def _folder(path: Path, common: dict[str, Any]) -> Any:
    from diffusers import StableDiffusionPipeline

    if not (path / "model_index.json").is_file():
        raise InputError("not a diffusers folder (no model_index.json)", path, "name the folder that holds model_index.json")
    try:
        return StableDiffusionPipeline.from_pretrained(path, local_files_only=True, **common)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"the base does not open ({_first_line(error)})", path, "fetch it again") from error


def _single_file(path: Path, config: str, common: dict[str, Any]) -> Any:
    from diffusers import StableDiffusionPipeline

    if path.suffix != ".safetensors":
        raise InputError("a pickle checkpoint can run code when opened", path, "use a .safetensors file of the same model")
    folder = CONFIGS / config
    if not folder.is_dir():
        known = ", ".join(sorted(p.name for p in CONFIGS.iterdir() if p.is_dir()))
        raise InputError(f"unknown base config '{config}'", path, f"use one of: {known}")
    try:
        return StableDiffusionPipeline.from_single_file(str(path), config=str(folder), local_files_only=True, **common)
    except Exception as error:  # the loader raises whatever its converters meet in a foreign file
        raise InputError(
            f"the base does not open as {config} ({_first_line(error)})", path, "name an SD1.5 checkpoint"
        ) from error


def _open_vae(path: Path, kind: torch.dtype) -> Any:
    from diffusers import AutoencoderKL

    try:
        if path.is_dir():
            return AutoencoderKL.from_pretrained(path, dtype=kind, local_files_only=True)
        return AutoencoderKL.from_single_file(str(path), config=str(CONFIGS / "sd15"), subfolder="vae", dtype=kind)
    except Exception as error:  # as above: a foreign file fails in many ways
        raise InputError(f"the VAE does not open ({_first_line(error)})", path, "name an SD1.5 VAE in safetensors") from error


def _is_hub_name(name: str) -> bool:
    owner, _, rest = name.partition("/")
    return bool(owner and rest) and "/" not in rest and "." not in owner and not rest.endswith((".safetensors", ".ckpt"))


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:160]
