"""Opens a base checkpoint: a diffusers folder or a hub name, or a single-file checkpoint of SD1.5 or SDXL."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from models.base.detect import checkpoint_shapes, family_of
from models.base.family import CONFIGS, Base
from models.base.registry import family_of_pipeline, titles
from models.base.vae import check_scale, open_vae, stored_scale
from models.errors import InputError, first_line
from models.hub import from_hub, looks_local
from models.io.hashing import hash_path
from models.io.quiet import quiet_loading
from models.language.translate import phrase

if TYPE_CHECKING:
    import torch

    from models.base.family import BaseFamily

Dtype = Literal["float32", "bfloat16", "float16"]


def open_base(
    checkpoint: str | Path,
    *,
    config: str | None = None,
    vae: str | Path | None = None,
    dtype: Dtype = "float32",
    vae_dtype: Dtype | None = None,
    device: str = "cpu",
    allow_pickle: bool = False,
) -> Base:
    """Opens `checkpoint` without asking any network unless it is a hub name ("owner/name" that is no path).

    `config` names the family of a single file ("sd15", "sdxl"); without it the family is detected from the file's tensors.
    `vae` takes the place of the base's own; `vae_dtype` is its type where it is not `dtype`. `allow_pickle` lets .ckpt and .bin
    files be read, as weights alone: nothing in them is run.
    Raises InputError if it is absent, a pickle that is not allowed, or of no family that is registered.
    """
    import torch

    quiet_loading()
    kinds = Kinds(getattr(torch, dtype), getattr(torch, vae_dtype or dtype))
    path, other = Path(checkpoint), Path(vae) if vae is not None else None
    if path.is_dir():
        pipe, family = _folder(path, other, kinds, allow_pickle)
    elif path.is_file():
        pipe, family = _single_file(path, config, other, kinds, allow_pickle)
    elif is_hub_name(str(checkpoint)):
        pipe, family = _pretrained(str(checkpoint), other, kinds, allow_pickle)
    else:
        raise _absent(checkpoint)
    modules, tokenizers = family.pieces(pipe)
    for model in (*modules.values(), pipe.vae):
        model.to(device).requires_grad_(False).eval()
    digest = hash_path(path) if path.exists() else str(checkpoint)
    name = path.stem or str(checkpoint)
    stated = {key: value for key, value in pipe.config.items() if isinstance(value, bool) and not key.startswith("_")}
    return Base(family, modules, tokenizers, pipe.vae, dict(pipe.scheduler.config), name, digest, stated)


@dataclass(frozen=True)
class Kinds:
    """Types of weights."""

    models: torch.dtype
    vae: torch.dtype


def family_at(checkpoint: str | Path, *, allow_pickle: bool = False) -> BaseFamily:
    """The family of a checkpoint, told from a file's header or a folder's index: no weight is loaded. Raises InputError as
    `open_base` does."""
    path = Path(checkpoint)
    if path.is_file():
        return family_of(path, checkpoint_shapes(path, allow_pickle))
    if path.is_dir():
        _check_index(path)
    elif not is_hub_name(str(checkpoint)):
        raise _absent(checkpoint)
    return _family_of_index(str(checkpoint))


def _absent(checkpoint: str | Path) -> InputError:
    return InputError("no such base checkpoint", checkpoint, "give a .safetensors file, a diffusers folder or a hub name")


def _check_index(path: Path) -> None:
    if not (path / "model_index.json").is_file():
        raise InputError("not a diffusers folder (no model_index.json)", path, "name the folder that holds model_index.json")


def _folder(path: Path, vae: Path | None, kind: Kinds, allow_pickle: bool) -> tuple[Any, BaseFamily]:
    _check_index(path)
    weights = {file.suffix for file in path.glob("*/*") if file.suffix in (".safetensors", ".bin")}
    if weights == {".bin"} and not allow_pickle:
        mend = "use a folder with .safetensors files, or set base.allow_pickle: true to read its weights alone"
        raise InputError("a folder of pickles (.bin) can run code when opened", path, mend)
    return _pretrained(str(path), vae, kind, allow_pickle)


def _family_of_index(name: str) -> BaseFamily:
    """That of a folder or hub name in the diffusers layout."""
    from diffusers import DiffusionPipeline

    is_here = Path(name).is_dir()
    try:
        with nullcontext() if is_here else from_hub(phrase("the base"), name):
            index = DiffusionPipeline.load_config(name, local_files_only=is_here)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _closed(name, error) from error
    family = family_of_pipeline(str(index.get("_class_name")))
    if family is None:
        raise InputError(
            phrase("a diffusers folder of {kind}", kind=index.get("_class_name")),
            name,
            phrase("name an {families} base", families=titles()),
        )
    return family


def _closed(name: str, error: Exception) -> InputError:
    return InputError(phrase("the base does not open ({error})", error=first_line(error, 160)), name, "fetch it again")


def _pretrained(name: str, vae: Path | None, kind: Kinds, allow_pickle: bool) -> tuple[Any, BaseFamily]:
    """A pipeline in the diffusers layout, a folder or a hub name, with `vae` in the place of its own."""
    family = _family_of_index(name)
    where: dict[str, Any] = {"local_files_only": True} if Path(name).is_dir() else {}
    if where:
        where["variant"] = _variant(Path(name), family)
    safe = None if allow_pickle else True
    types = {"default": kind.models, "vae": kind.vae}
    try:
        with nullcontext() if where else from_hub(phrase("the base"), name):
            pipe = _class_of(family).from_pretrained(name, dtype=types, use_safetensors=safe, **where, **family.pipeline_options)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _closed(name, error) from error
    family.check(pipe, name)
    if vae is not None:
        configs = CONFIGS / family.name if family.single_files else Path(name)
        other = open_vae(vae, configs, kind.vae, allow_pickle)
        check_scale(vae, other, float(pipe.vae.config["scaling_factor"]))
        pipe.vae = other
    return pipe, family


def _variant(folder: Path, family: BaseFamily) -> str | None:
    """ "fp16" where a folder has no other weights."""
    denoiser = folder / family.denoiser_folder
    halves = any(denoiser.glob("*.fp16.*")) and not any(denoiser.glob("diffusion_pytorch_model.safetensors*"))
    return "fp16" if halves else None


def _single_file(path: Path, config: str | None, vae: Path | None, kind: Kinds, allow_pickle: bool) -> tuple[Any, BaseFamily]:
    configs = sorted(p.name for p in CONFIGS.iterdir() if p.is_dir())
    if config is not None and config not in configs:
        raise InputError(
            phrase("unknown base config '{config}'", config=config), path, phrase("use one of: {names}", names=", ".join(configs))
        )
    shapes = checkpoint_shapes(path, allow_pickle)
    family = family_of(path, shapes)
    folder = CONFIGS / (config or family.name)
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    if family_of_pipeline(index["_class_name"]) is not family:
        raise InputError(
            phrase("the checkpoint is of {name}, not of {name2}", name=family.name, name2=folder.name),
            path,
            phrase("set base.config: {name}", name=family.name),
        )
    parts = family.read_tokenizers(folder)
    if vae is not None:
        parts["vae"] = open_vae(vae, folder, kind.vae, allow_pickle)
        check_scale(vae, parts["vae"], stored_scale(folder))
    elif kind.vae != kind.models:
        # The loader has one type for all.
        parts["vae"] = open_vae(path, folder, kind.vae, allow_pickle)
    try:
        pipe = _class_of(family).from_single_file(
            str(path), config=str(folder), local_files_only=True, dtype=kind.models, **parts, **family.pipeline_options
        )
    except Exception as error:  # the loader raises whatever its converters meet in a foreign file
        what = phrase("the base does not open as {name} ({error})", name=folder.name, error=first_line(error, 160))
        raise InputError(what, path, "fetch it again, or name another checkpoint") from error
    _refuse_holes(path, pipe)
    if "v_pred" in shapes:
        pipe.scheduler.register_to_config(prediction_type="v_prediction", rescale_betas_zero_snr="ztsnr" in shapes)
    return pipe, family


def _refuse_holes(path: Path, pipe: Any) -> None:
    """The loader leaves a layer that the file lacks without values, and does not report it."""
    for name, part in pipe.components.items():
        hole = next((n for n, weight in part.named_parameters() if weight.is_meta), None) if hasattr(part, "parameters") else None
        if hole is not None:
            raise InputError(
                phrase("the base does not open (its {name} lacks {hole})", name=name, hole=hole), path, "fetch it again"
            )


def _class_of(family: BaseFamily) -> Any:
    import diffusers

    return getattr(diffusers, family.pipeline)


def is_hub_name(name: str) -> bool:
    """Whether `name`, which is no path, is "owner/name" as hubs have it."""
    return not looks_local(name) and "." not in name.partition("/")[0] and not name.endswith((".safetensors", ".ckpt"))
