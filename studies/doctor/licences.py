"""The licences of all models that a study or a profile names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.catalogue import profile_named
from models.errors import InputError
from models.language.translate import phrase
from models.licences import Licence, licence_of, pack_licences
from models.vision.faces import ROOT
from studies.observers.opening import local_name
from studies.scorer_spec import FROM_POSE

if TYPE_CHECKING:
    from studies.study import Study

OWN: Final = Path(__file__).parents[1] / "paperdoll"
"""The lab's models are this project's."""
KEYS: Final = ("modelspec.license", "license")
LONGEST: Final = 80


def study_licences(study: Study) -> list[Licence]:
    """Of the base, the LoRAs and what judges; by names, by files' contents, and by what files say of themselves."""
    scorers, root = study.spec.scorers, study.root
    garment, hands, parts = scorers.garment, scorers.hands, scorers.parts.model
    found = [_stated("base", study.spec.base.checkpoint, root)]
    found += [_stated("LoRA", file, root) for file in study.spec.lora_files().values()]
    if garment.model is not None:
        others = "" if garment.pretrained in (None, "openai") else f" {garment.pretrained}"
        found.append(_licence("garments", f"{garment.model}{others}", root))
    if garment.dino is not None:
        found.append(_licence("garments", garment.dino, root))
    pack = Path(local_name(scorers.face.pack, root))
    folder = next((place for place in (pack, (ROOT / "models" / scorers.face.pack).expanduser()) if place.is_dir()), None)
    own = folder is not None and _is_own(folder)
    found += [_own("faces", pack.name)] if own else pack_licences(scorers.face.pack, folder)
    found.append(_licence("hands", str(hands.pose or hands.judge), root))
    if parts is not None and parts != FROM_POSE:
        found.append(_licence("parts", parts, root))
    found += [licence_of("score", name) for name in scorers.extra]
    return found


def profile_licences(name: str, folder: Path) -> list[tuple[Licence, bool]]:
    """Of each model of a profile, and whether it lies in `folder`. Raises InputError if there is no such profile."""
    return [
        (Licence(model.use, model.name, model.licence, model.commercial, model.source), model.found(folder) is not None)
        for model in profile_named(name)
    ]


def _licence(use: str, name: str, root: Path) -> Licence:
    place = Path(local_name(name.removeprefix("local-dir:"), root))
    return _own(use, place.name) if _is_own(place) else licence_of(use, name)


def _stated(use: str, name: str, root: Path) -> Licence:
    """By what a safetensors file says of itself; whether that allows commercial use is for a person to read."""
    from models.io.safetensors_header import read_safetensors_header

    place = root / name
    if _is_own(place):
        return _own(use, place.name)
    known = licence_of(use, name)
    if known.commercial != "unknown" or not place.is_file():
        return known
    try:
        stated = read_safetensors_header(place).metadata
    except InputError:
        return known
    text = next((stated[key] for key in KEYS if stated.get(key)), "")
    return Licence(use, place.name, phrase("says of itself: {text}", text=text[:LONGEST]), "unknown") if text else known


def _own(use: str, name: str) -> Licence:
    return Licence(use, phrase("the lab's {name}", name=name), "Apache-2.0", "yes")


def _is_own(place: Path) -> bool:
    return place.resolve().is_relative_to(OWN)
