"""Whether the files and folders that a study names are there: all that are not, at once."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from models.base.opening import is_hub_name
from models.catalogue import CATALOGUE
from models.errors import InputError
from models.hub import looks_local
from models.language.translate import phrase
from studies.project.webui.program import Sort, file_named
from studies.project.webui.recorded import webuis_of
from studies.study import Study

COMMAND: Final = "huanhua "
SORTS_BY_KEY: Final[dict[str, Sort]] = {
    "base.checkpoint": "checkpoint", "base.vae": "VAE", "embeddings": "embedding", "loras.file": "LoRA",
}  # fmt: skip
"""What of a WebUI's folder a key names."""


def check_places(study: Study, *, drawn_here: bool = True) -> None:
    """Raises InputError where a file or folder that a key names is not there, with the first command of those that `mends`
    names. Opens and asks nothing.

    Where another program draws, what is drawn with (`drawn_here`) is its own to name.
    """
    missing = mends(study, drawn_here=drawn_here)
    if missing:
        what = phrase("{count} files are missing", count=len(missing)) if len(missing) > 1 else "a file is missing"
        commands = [line.partition(f": {COMMAND}")[2] for line in missing if f": {COMMAND}" in line]
        first = "mend them as said above" if len(missing) > 1 else "mend it as said above"
        if commands:
            first = phrase("type first: {command}", command=f"{COMMAND}{commands[0]}")
        raise InputError(what, study.folder / "study.yaml", first)


def mends(study: Study, *, drawn_here: bool = True) -> list[str]:
    """A line for each key whose file or folder is not there, with what mends it, in the order to do so: models, training sets and
    then the LoRAs that are trained on them."""
    missing = [(key, name) for key, name, there in _named(study, drawn_here) if not there]
    order = ("base", "scorers", "embeddings", "loras")
    missing.sort(key=lambda item: (order.index(item[0].partition(".")[0]), item[0].endswith(".file")))
    return [phrase("{key} ({name}): {mend}", key=key, name=name, mend=_mend(study, key, name)) for key, name in missing]


def _mend(study: Study, key: str, name: str) -> str:
    section, _, rest = key.partition(".")
    if (there := _in_webuis(study, key, name)) is not None:
        return phrase("name it where it lies: {path}", path=there.as_posix())
    if section == "loras":
        lora, _, what = rest.rpartition(".")
        spec = study.spec.loras[lora]
        photos, trigger = Path(spec.references or f"data/{lora}").name, spec.trigger or Path(spec.last).stem
        if what == "references":
            return _typed("prepare", f"photos/{photos}", name, "--kind", spec.kind, "--trigger", trigger)
        if spec.references is None or name != spec.last:
            return phrase("put the LoRA there")
        command = _typed("train", spec.references, "--out", name)
        return phrase("put the LoRA there, or train it: {command}", command=command)
    place = Path(name.removeprefix("local-dir:"))
    models = [model for model in CATALOGUE if (model.place or model.name) in place.parts]
    if fetched := [model.name for model in models if model.repo is not None or model.url is not None]:
        return _typed("models", "get", *fetched)
    if models:
        return phrase("fetch it from {source} and put it there", source=models[0].source)
    return phrase("put it there, or name another file in study.yaml")


def _typed(*words: str) -> str:
    return COMMAND + shlex.join(words)


def _in_webuis(study: Study, key: str, name: str) -> Path | None:
    """The file of that name in a WebUI's folder that the project uses."""
    sort = SORTS_BY_KEY.get("loras.file" if key.startswith("loras.") and key.endswith(".file") else key)
    try:
        return None if sort is None else file_named(Path(name).name, sort, webuis_of(study.root))
    except InputError:  # several, or a project's file that does not read: said by the verbs that need it
        return None


def _named(study: Study, drawn_here: bool) -> Iterator[tuple[str, str, bool]]:
    """Each key that names a place on this machine, what it names, and whether that is there."""
    spec, scorers = study.spec, study.spec.scorers
    if drawn_here:
        yield from _drawn_with(study)
    for name, lora in spec.loras.items():
        if lora.references is not None:
            yield f"loras.{name}.references", lora.references, study.path(lora.references).is_dir()
    garment, hands = scorers.garment, scorers.hands
    for key, model in (("hands.judge", hands.judge), ("hands.pose", hands.pose)):
        if model is not None:
            yield f"scorers.{key}", model, study.path(model).is_file()
    for key, model in (("parts.model", scorers.parts.model), ("garment.dino", garment.dino)):
        if model is not None and Path(model).name != model and (study.path(model).exists() or looks_local(model)):
            yield f"scorers.{key}", model, study.path(model).exists()
    if garment.model is not None and garment.model.startswith("local-dir:"):
        yield "scorers.garment.model", garment.model, study.path(garment.model.removeprefix("local-dir:")).is_dir()
    if Path(scorers.face.pack).name != scorers.face.pack:
        yield "scorers.face.pack", scorers.face.pack, study.path(scorers.face.pack).is_dir()


def _drawn_with(study: Study) -> Iterator[tuple[str, str, bool]]:
    spec, base = study.spec, study.path(study.spec.base.checkpoint)
    if base.exists() or not is_hub_name(spec.base.checkpoint):
        yield "base.checkpoint", spec.base.checkpoint, base.exists()
    if spec.base.vae:
        yield "base.vae", spec.base.vae, study.path(spec.base.vae).exists()
    for file in spec.embeddings:
        yield "embeddings", file, study.path(file).is_file()
    for name, lora in spec.loras.items():
        yield from ((f"loras.{name}.file", file, study.path(file).exists()) for file in lora.files)
