"""Opens a base checkpoint: a diffusers folder, a single-file checkpoint of SD1.5 or SDXL, or a hub name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from models.base.detect import Family, checkpoint_shapes, family_of
from models.base.vae import check_scale, open_vae, stored_scale
from models.errors import InputError
from models.io.hashing import hash_path
from models.io.quiet import quiet_loading

if TYPE_CHECKING:
    import torch
    from diffusers import AutoencoderKL, AutoencoderTiny, UNet2DConditionModel
    from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

Dtype = Literal["float32", "bfloat16", "float16"]
CONFIGS = Path(__file__).parent / "configs"
VOCABULARY: Final = CONFIGS / "sd15" / "tokenizer"
"""CLIP's vocabulary: every tower of both families cuts text up by it."""
PIPELINES: Final[dict[str, Family]] = {"StableDiffusionPipeline": "sd15", "StableDiffusionXLPipeline": "sdxl"}
"""The classes that model_index.json may name."""
SD2_WIDTH: Final = 1024
"""Of the text that Stable Diffusion 2's cross-attention reads: its folders name the same class as SD1.5's."""


@dataclass(frozen=True)
class TextTower:
    """SDXL's second text encoder. Its tokenizer takes a "!" in the text for padding (id 0), as the published one does."""

    tokenizer: CLIPTokenizer
    text_encoder: CLIPTextModelWithProjection


@dataclass(frozen=True)
class Base:
    """The pieces of a Stable Diffusion 1.x or XL model, on one device. `hash` is SHA-256 over the file or folder, in hex.

    `second` is SDXL's second text tower, None for SD 1.x. `schedule` has `prediction_type` "v_prediction" for files that say so.
    """

    tokenizer: CLIPTokenizer
    text_encoder: CLIPTextModel
    unet: UNet2DConditionModel
    vae: AutoencoderKL | AutoencoderTiny
    schedule: dict[str, Any]
    name: str
    hash: str
    second: TextTower | None = None

    @property
    def is_xl(self) -> bool:
        return self.second is not None

    @property
    def factor(self) -> int:
        """Pixels a latent cell is wide."""
        return int(2 ** (len(self.vae.config["block_out_channels"]) - 1))

    @property
    def upcast_vae(self) -> bool:
        """Whether the VAE is known to overflow in float16, so that it must be run in a wider type: SDXL's own is."""
        return self.is_xl and bool(self.vae.config.get("force_upcast", False))

    @property
    def device(self) -> torch.device:
        where: torch.device = self.unet.device
        return where


def open_base(
    checkpoint: str | Path,
    *,
    config: str | None = None,
    vae: str | Path | None = None,
    dtype: Dtype = "float32",
    device: str = "cpu",
    allow_pickle: bool = False,
) -> Base:
    """Opens `checkpoint` without asking any network unless it is a hub name ("owner/name" that is no path).

    `config` names the family of a single file ("sd15", "sdxl"); without it the file's tensors tell. `vae` takes the place of the
    base's own. `allow_pickle` lets .ckpt and .bin files be read, as weights alone: nothing in them is run.
    Raises InputError if it is absent, a pickle that is not allowed, or no Stable Diffusion 1.x or XL model.
    """
    import torch

    quiet_loading()
    kind = getattr(torch, dtype)
    path, other = Path(checkpoint), Path(vae) if vae is not None else None
    if path.is_dir():
        pipe = _folder(path, other, kind, allow_pickle)
    elif path.is_file():
        pipe = _single_file(path, config, other, kind, allow_pickle)
    elif is_hub_name(str(checkpoint)):
        pipe = _pretrained(str(checkpoint), other, kind, allow_pickle)
    else:
        raise InputError("no such base checkpoint", checkpoint, "give a .safetensors file, a diffusers folder or a hub name")
    encoder = getattr(pipe, "text_encoder_2", None)
    for part in (pipe.unet, pipe.text_encoder, pipe.vae, encoder):
        if part is not None:
            part.to(device).requires_grad_(False).eval()
    second = TextTower(pipe.tokenizer_2, encoder) if encoder is not None else None
    digest = hash_path(path) if path.exists() else str(checkpoint)
    schedule = dict(pipe.scheduler.config)
    return Base(pipe.tokenizer, pipe.text_encoder, pipe.unet, pipe.vae, schedule, path.stem or str(checkpoint), digest, second)


def _folder(path: Path, vae: Path | None, kind: torch.dtype, allow_pickle: bool) -> Any:
    if not (path / "model_index.json").is_file():
        raise InputError("not a diffusers folder (no model_index.json)", path, "name the folder that holds model_index.json")
    weights = {file.suffix for file in path.glob("*/*") if file.suffix in (".safetensors", ".bin")}
    if weights == {".bin"} and not allow_pickle:
        mend = "use a folder with .safetensors files, or set base.allow_pickle: true to read its weights alone"
        raise InputError("a folder of pickles (.bin) can run code when opened", path, mend)
    halves = any(path.glob("unet/*.fp16.*")) and not any(path.glob("unet/diffusion_pytorch_model.safetensors*"))
    return _pretrained(str(path), vae, kind, allow_pickle, local_files_only=True, variant="fp16" if halves else None)


def _pretrained(name: str, vae: Path | None, kind: torch.dtype, allow_pickle: bool, **where: Any) -> Any:
    """A pipeline in the diffusers layout, with `vae` in the place of its own."""
    from diffusers import DiffusionPipeline

    local = bool(where.get("local_files_only"))
    try:
        index = DiffusionPipeline.load_config(name, local_files_only=local)
        family = PIPELINES.get(str(index.get("_class_name")))
        if family is None:
            raise InputError(f"a diffusers folder of {index.get('_class_name')}", name, "name an SD1.5 or SDXL base")
        safe = None if allow_pickle else True
        pipe = _class_of(family).from_pretrained(name, dtype=kind, use_safetensors=safe, **where, **_extras(family))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"the base does not open ({_first_line(error)})", name, "fetch it again") from error
    if pipe.unet.config["cross_attention_dim"] == SD2_WIDTH:
        raise InputError("a diffusers folder of Stable Diffusion 2", name, "name an SD1.5 or SDXL base")
    if vae is not None:
        other = open_vae(vae, CONFIGS / family, kind, allow_pickle)
        check_scale(vae, other, float(pipe.vae.config["scaling_factor"]))
        pipe.vae = other
    return pipe


def _single_file(path: Path, config: str | None, vae: Path | None, kind: torch.dtype, allow_pickle: bool) -> Any:
    known = sorted(p.name for p in CONFIGS.iterdir() if p.is_dir())
    if config is not None and config not in known:
        raise InputError(f"unknown base config '{config}'", path, f"use one of: {', '.join(known)}")
    shapes = checkpoint_shapes(path, allow_pickle)
    family = family_of(path, shapes)
    folder = CONFIGS / (config or family)
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    if PIPELINES[index["_class_name"]] != family:
        raise InputError(f"the checkpoint is of {family}, not of {folder.name}", path, f"set base.config: {family}")
    parts = {name: _tokenizer(folder / name) for name in ("tokenizer", "tokenizer_2") if (folder / name).is_dir()}
    if vae is not None:
        parts["vae"] = open_vae(vae, folder, kind, allow_pickle)
        check_scale(vae, parts["vae"], stored_scale(folder))
    try:
        pipe = _class_of(family).from_single_file(
            str(path), config=str(folder), local_files_only=True, dtype=kind, **parts, **_extras(family)
        )
    except Exception as error:  # the loader raises whatever its converters meet in a foreign file
        what = f"the base does not open as {folder.name} ({_first_line(error)})"
        raise InputError(what, path, "fetch it again, or name another checkpoint") from error
    _refuse_holes(path, pipe)
    if "v_pred" in shapes:
        pipe.scheduler.register_to_config(prediction_type="v_prediction", rescale_betas_zero_snr="ztsnr" in shapes)
    return pipe


def _refuse_holes(path: Path, pipe: Any) -> None:
    """The loader leaves a layer that the file lacks without any values, and says nothing."""
    for name, part in pipe.components.items():
        hole = next((n for n, weight in part.named_parameters() if weight.is_meta), None) if hasattr(part, "parameters") else None
        if hole is not None:
            raise InputError(f"the base does not open (its {name} lacks {hole})", path, "fetch it again")


def _class_of(family: Family) -> Any:
    from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline

    return {"sd15": StableDiffusionPipeline, "sdxl": StableDiffusionXLPipeline}[family]


def _extras(family: Family) -> dict[str, Any]:
    """What would otherwise be loaded beside the model: a filter of pictures, a mark in them."""
    if family == "sdxl":
        return {"add_watermarker": False}
    return {"safety_checker": None, "requires_safety_checker": False}


def _tokenizer(folder: Path) -> CLIPTokenizer:
    """The tokenizer that a config folder describes; where the vocabulary is not beside it, it is CLIP's."""
    from transformers import CLIPTokenizer

    own = (folder / "vocab.json").is_file()
    settings = json.loads((folder / "special_tokens_map.json").read_text(encoding="utf-8"))
    opened: CLIPTokenizer = CLIPTokenizer.from_pretrained(str(folder if own else VOCABULARY), local_files_only=True, **settings)
    return opened


def is_hub_name(name: str) -> bool:
    """Whether `name`, which is no path, is "owner/name" as hubs have it."""
    owner, _, rest = name.partition("/")
    return bool(owner and rest) and "/" not in rest and "." not in owner and not rest.endswith((".safetensors", ".ckpt"))


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:160]
