"""The folder of an A1111, Forge, SD.Next or ComfyUI, whose models are used where it keeps them. Nothing is written there."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from models.counted import counted
from models.errors import InputError
from models.language.translate import joined, phrase
from studies.project.folder import absolute
from studies.project.webui.extra_paths import EXTRA_PATHS, extra_paths

Sort = Literal["checkpoint", "VAE", "LoRA", "embedding", "upscaler"]
SORTS: Final[tuple[Sort, ...]] = get_args(Sort)
Folders = Mapping[Sort, tuple[str, ...]]

A1111: Final[Folders] = {
    "checkpoint": ("models/Stable-diffusion",),
    "VAE": ("models/VAE",),
    "LoRA": ("models/Lora", "models/LyCORIS"),
    "embedding": ("embeddings", "models/embeddings"),
    "upscaler": ("models/ESRGAN", "models/RealESRGAN", "models/SwinIR", "models/DAT"),
}
"""Of A1111 1.10 and Forge; SD.Next has its embeddings below models."""
COMFYUI: Final[Folders] = {
    "checkpoint": ("models/checkpoints",),
    "VAE": ("models/vae",),
    "LoRA": ("models/loras",),
    "embedding": ("models/embeddings",),
    "upscaler": ("models/upscale_models",),
}
COMFYUI_KEYS: Final[Mapping[str, Sort]] = {
    "checkpoints": "checkpoint", "vae": "VAE", "loras": "LoRA", "embeddings": "embedding", "upscale_models": "upscaler",
}  # fmt: skip
"""Keys of extra_model_paths.yaml."""
ENDINGS: Final[Mapping[Sort, tuple[str, ...]]] = {
    "checkpoint": (".safetensors", ".ckpt"),
    "VAE": (".safetensors", ".pt", ".ckpt", ".bin"),
    "LoRA": (".safetensors",),
    "embedding": (".safetensors", ".pt", ".bin"),
    "upscaler": (".safetensors", ".pth"),
}
"""Of files that huanhua opens."""
MARKS: Final = ("models/Stable-diffusion", "models/checkpoints")
BESIDE: Final = ".vae."
"""In the names of VAEs that A1111 takes from beside their checkpoints."""


@dataclass(frozen=True)
class Webui:
    """A program's folder."""

    folder: Path
    """Absolute."""
    program: str
    """For a person."""
    folders: Mapping[Sort, tuple[Path, ...]]
    """Absolute, in the order in which the program looks; some may not be there."""
    notes: tuple[str, ...] = ()
    """What in its settings leads nowhere."""

    def files(self, sort: Sort) -> list[tuple[str, Path]]:
        """Each file with its name as the program shows it: with the folders below its own, and "/" between them."""
        found = [entry for folder in self.folders[sort] for entry in _files(folder, ENDINGS[sort])]
        if sort == "checkpoint":
            return [(name, path) for name, path in found if BESIDE not in name]
        if sort == "VAE":
            beside = (entry for folder in self.folders["checkpoint"] for entry in _files(folder, ENDINGS[sort]))
            found += [(name, path) for name, path in beside if BESIDE in name]
        return found

    def counts(self) -> str:
        """How many files of each sort it has, for a person."""
        return joined(", ", [counted(len(self.files(sort)), sort) for sort in SORTS])


def open_webui(folder: Path) -> Webui:
    """Raises InputError for a folder that is not there, is laid out otherwise or holds no model, and for paths in settings of
    ComfyUI's that do not read."""
    place = absolute(folder)
    if not place.is_dir():
        raise InputError("no such folder of a WebUI or ComfyUI", folder, "name the one in which the program is installed")
    found = _opened(place)
    if found is None:
        raise InputError(
            "neither A1111's models/Stable-diffusion nor ComfyUI's models/checkpoints lies there",
            folder,
            _instead(place),
        )
    if not any(found.files(sort) for sort in SORTS):
        raise InputError(
            phrase("no checkpoint, VAE, LoRA, embedding or upscaler lies in this folder of {program}", program=found.program),
            folder,
            "name the one in which your models are",
        )
    return found


def file_named(name: str, sort: Sort, webuis: Sequence[Webui]) -> Path | None:
    """The file that a program shows by this name, with or without its folders and its ending; None if there is none.

    Raises InputError if several are called so.
    """
    wanted = name.replace("\\", "/")
    files = [entry for webui in webuis for entry in webui.files(sort)]
    for matches in (
        [path for shown, path in files if shown == wanted],
        [path for shown, path in files if wanted in (path.name, path.stem, shown.rpartition(".")[0])],
    ):
        unique = sorted(set(matches))
        if len(unique) > 1:
            listed = " and ".join(path.as_posix() for path in unique[:2])
            raise InputError(
                phrase("{count} files are called so, {listed}", count=len(unique), listed=listed),
                name,
                "name one of them by its whole path",
            )
        if unique:
            return unique[0]
    return None


def _opened(place: Path) -> Webui | None:
    if (place / "models" / "checkpoints").is_dir() or (place / "comfy").is_dir():
        extra, notes = extra_paths(place / EXTRA_PATHS)
        folders = {sort: _joined(place, COMFYUI[sort], sort, extra) for sort in SORTS}
        return Webui(place, "ComfyUI", folders, tuple(notes))
    if (place / "models" / "Stable-diffusion").is_dir() or (place / "models" / "Lora").is_dir():
        return Webui(place, "A1111 or Forge", {sort: tuple(place / name for name in A1111[sort]) for sort in SORTS})
    return None


def _joined(place: Path, own: Sequence[str], sort: Sort, extra: Sequence[tuple[str, Path, bool]]) -> tuple[Path, ...]:
    """ComfyUI's own folders of a sort and those of its settings; the last one that is a default comes first."""
    found = [place / name for name in own]
    for key, path, is_default in extra:
        if COMFYUI_KEYS.get(key) == sort and path not in found:
            found.insert(0 if is_default else len(found), path)
    return tuple(found)


def _instead(place: Path) -> str:
    near = (place.parent, place.parent.parent, *sorted(path for path in place.iterdir() if path.is_dir()))
    other = next((path for path in near if any((path / name).is_dir() for name in MARKS)), None)
    return (
        "name the folder in which the program is installed" if other is None else phrase("name {other}", other=other.as_posix())
    )


def _files(folder: Path, endings: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    """Links to folders are followed, as the programs do."""
    visited: set[str] = set()
    for here, below, names in os.walk(folder, followlinks=True):
        if (real := os.path.realpath(here)) in visited:
            below.clear()
            continue
        visited.add(real)
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(names):
            if name.lower().endswith(endings) and not name.startswith("."):
                path = Path(here, name)
                yield path.relative_to(folder).as_posix(), path
