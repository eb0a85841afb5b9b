"""The bases that lie in a folder of models."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from models.base.detect import checkpoint_shapes, family_of
from models.base.registry import family_of_pipeline
from models.counted import counted
from models.errors import InputError
from models.io.safetensors_header import read_safetensors_header
from models.language.translate import phrase
from studies.project.distilled import Distilled, distilled
from studies.project.webui.program import Webui

SMALLEST: Final = 10_000_000
"""Bytes of a single file from which it may be a base."""


@dataclass(frozen=True)
class FoundBase:
    """A base, by what its header or its folder tells."""

    path: Path
    family: str
    """Its name in `models.base.registry`."""
    side: int | None = None
    """Pixels of the side of the square that its denoiser was made for, where a folder states it."""
    distilled: Distilled | None = None
    """For few steps."""
    zero_snr: bool = False
    """Its noise ends in no signal at all."""
    variant: str = ""
    """Of a family with several, what its folder states: "base" of FLUX.2 [klein], "schnell" of FLUX.1."""


def bases_in(folder: Path, depth: int = 2) -> list[FoundBase]:
    """Single files and diffusers folders, at most `depth` folders deep; sorted by path. Loads no weight."""
    return sorted(_found(folder, depth), key=lambda base: base.path.as_posix())


def base_at(path: Path) -> FoundBase | None:
    """The base that a single file or a diffusers folder is; None for what tells nothing, such as a hub's name."""
    if path.is_dir():
        return next(_folder(path), None) if (path / "model_index.json").is_file() else None
    return next(_file(path), None) if path.is_file() and path.suffix == ".safetensors" else None


def bases_of(webuis: Sequence[Webui]) -> list[FoundBase]:
    """Those that WebUIs or ComfyUI have; sorted by path. Loads no weight."""
    files = sorted(path for webui in webuis for _, path in webui.files("checkpoint"))
    return [base for path in files if path.suffix == ".safetensors" for base in _file(path)]


def unopened_bases(folder: Path | None, webuis: Sequence[Webui]) -> list[InputError]:
    """Why each file is no base that lies right in a folder of models, or where WebUIs or ComfyUI have their checkpoints."""
    there = sorted(folder.iterdir()) if folder is not None and folder.is_dir() else []
    own = [path for path in there if path.suffix == ".safetensors" and path.is_file()]
    files = sorted(path for webui in webuis for _, path in webui.files("checkpoint"))
    refused = []
    for path in [*own, *files]:
        try:
            family_of(path, checkpoint_shapes(path, allow_pickle=False))
        except InputError as error:
            refused.append(error)
    return refused


def only_base(folder: Path, webuis: Sequence[Webui] = ()) -> Path:
    """The base in a folder of models, or else the one of `webuis`. Raises InputError if there is none, or more than one."""
    found = bases_in(folder) or bases_of(webuis)
    if len(found) == 1:
        return found[0].path
    if found:
        where = folder if found[0].path.is_relative_to(folder) else ", ".join(str(webui.folder) for webui in webuis)
        raise InputError(
            phrase("{count} bases are there", count=len(found)),
            where,
            phrase("name one, such as --base {path}", path=found[0].path.as_posix()),
        )
    if refused := unopened_bases(folder, webuis):
        more = phrase(" ({count} neither)", count=counted(len(refused) - 1, "more file")) if len(refused) > 1 else ""
        mend = "put a whole checkpoint there, or name one: --base FILE"
        raise InputError(
            phrase("no base opens: {what}", what=refused[0].what), phrase("{file}{more}", file=refused[0].where, more=more), mend
        )
    raise InputError("no base is there", folder, "put a checkpoint there, or name one: --base FILE")


def _found(folder: Path, depth: int) -> Iterator[FoundBase]:
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            if (path / "model_index.json").is_file():
                yield from _folder(path)
            elif depth > 1:
                yield from _found(path, depth - 1)
        elif path.suffix == ".safetensors" and path.stat().st_size >= SMALLEST:
            yield from _file(path)


def _file(path: Path) -> Iterator[FoundBase]:
    try:
        header = read_safetensors_header(path)
        family = family_of(path, header.shapes).name
    except InputError:  # another model, or a damaged file
        return
    told = [header.metadata.get(f"modelspec.{key}", "") for key in ("title", "tags")]
    # Marks of both, as `models.base.opening` reads them.
    zero_snr = "v_pred" in header.shapes and "ztsnr" in header.shapes
    yield FoundBase(path, family, distilled=distilled([path.stem, *told], family), zero_snr=zero_snr)


def _folder(path: Path) -> Iterator[FoundBase]:
    index = _json(path / "model_index.json")
    family = family_of_pipeline(str(index.get("_class_name")))
    if family is None:
        return
    denoiser = _json(path / family.denoiser_folder / "config.json")
    side, levels = denoiser.get("sample_size"), _json(path / "vae" / "config.json").get("block_out_channels")
    stated = side * 2 ** (len(levels) - 1) if isinstance(side, int) and isinstance(levels, list) else None
    schedule = _json(path / "scheduler" / "scheduler_config.json")
    names = [path.name, "LCM" if schedule.get("_class_name") == "LCMScheduler" else ""]
    zero_snr = schedule.get("rescale_betas_zero_snr") is True
    yield FoundBase(path, family.name, stated, distilled(names, family.name), zero_snr, _variant(family.name, index, denoiser))


def _variant(family: str, index: Mapping[str, Any], denoiser: Mapping[str, Any]) -> str:
    if family == "flux2" and index.get("is_distilled") is False:
        return "base"
    return "schnell" if family == "flux" and denoiser.get("guidance_embeds") is False else ""


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
