"""What jobs of a photo set are asked to do: words of `huanhua prepare` and `huanhua train`, with what the served folder has."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from models.catalogue import real_model
from models.errors import InputError
from models.language.translate import phrase
from models.lora_kinds import LoraKind
from studies.project.bases import FoundBase, base_at, bases_in, bases_of
from studies.project.folder import names_start
from studies.project.webui.recorded import webuis_of
from studies.scorer_spec import FROM_POSE
from studies.service.rooms import Rooms
from studies.service.sets.photo_set import PhotoSet
from studies.spec import StudySpec, read_spec
from trainers.prepare.boxes import NAME as BOXES
from trainers.prepare.boxes import read_boxes

NONE: Final = "none"
LAB: Final = "lab"
LAB_WEIGHTS: Final = Path("studies", "paperdoll", "weights")
"""Where the lab's base, parser and tagger lie: its presets are for them."""
SIZES: Final = {"sdxl": "832x1216", LAB: "128x192"}
"""Width and height of whole crops by family of presets, where that is not `prepare`'s own."""
LEFT_TO_TRIGGER: Final = "0.4"
"""Of the lab's sets, as its demo makes them."""


@dataclass(frozen=True)
class Base:
    """A base on which LoRAs can be trained here."""

    id: str
    """Of its place."""
    path: Path
    family: str
    """Of presets."""


def bases(rooms: Rooms) -> list[Base]:
    """Those in the folder of models, of its WebUIs, and that the studies name. Loads no weight."""
    from models.base.registry import FAMILIES

    found: dict[Path, FoundBase] = {}
    for base in (*bases_in(rooms.models_folder), *_webuis(rooms), *_named(rooms)):
        found.setdefault(base.path.resolve(), base)
    return [
        Base(hashlib.sha256(str(path).encode(errors="surrogatepass")).hexdigest()[:12], path, _preset(path, base.family))
        for path, base in found.items()
        if FAMILIES[base.family].trainable
    ]


def chosen_base(rooms: Rooms, key: str | None) -> Base:
    """The base of that id, or the only one. Raises InputError if there is none, or more than one and none is named."""
    found = bases(rooms)
    if key is not None:
        chosen = next((base for base in found if base.id == key), None)
        if chosen is None:
            raise InputError("no such base", key[:80], "name one of those that are listed")
        return chosen
    if not found:
        raise InputError("no base is there that LoRAs can be trained on", rooms.models_folder, "put a checkpoint there")
    if len(found) > 1:
        raise InputError(phrase("{count} bases are there", count=len(found)), "base", "name one of those that are listed")
    return found[0]


def parser_of(rooms: Rooms) -> str:
    """The part parser of the folder of models, or the one that a study is judged by, if that lies on this machine; or none."""
    parser, pose = real_model("fashn-human-parser"), real_model("dwpose")
    if (there := parser.found(rooms.models_folder)) is not None:
        return str(there)
    if (folder := pose.found(rooms.models_folder)) is not None:
        return str(folder / pose.files[0])
    for start, spec in _specs(rooms):
        model = spec.scorers.parts.model
        if model not in (None, FROM_POSE) and (place := _place(start, str(model))).is_dir():
            return str(place)
    return NONE


def tagger_of(rooms: Rooms) -> str:
    """The tagger in the folder of models, or the lab's where a study here is of the lab; or none."""
    found = real_model("wd-vit-tagger-v3").found(rooms.models_folder)
    if found is not None:
        return str(found)
    labs = [base.path.parent / "tagger" for base in _named(rooms) if _is_lab(base.path)]
    return next((str(place) for place in labs if place.is_dir()), NONE)


def prepare_words(photo_set: PhotoSet, base: str | None) -> list[str]:
    """Cuts the photos for a base: the words of `huanhua prepare`. Raises InputError where nothing can be cut."""
    kind, trigger = photo_set.kind(), photo_set.facts()[1]
    if not photo_set.photo_names():
        raise InputError("there is no photo in this set", photo_set.photos, "drop some on the page")
    preset = _family(photo_set.rooms, base)
    parser, tagger = parser_of(photo_set.rooms), tagger_of(photo_set.rooms)
    if parser == NONE and not _drawn(photo_set):
        raise InputError("no box is drawn, and no parser is here that finds them", photo_set.photos, "draw boxes on the photos")
    words = [str(photo_set.photos), str(photo_set.data), "--kind", kind, "--trigger", trigger, "--preset", preset]
    words += ["--parser", parser, "--tagger", tagger, *(("--size", SIZES[preset]) if preset in SIZES else ())]
    return words + _lab_words(preset, kind)


def train_words(photo_set: PhotoSet, base: str | None, settings: Sequence[str]) -> list[str]:
    """Trains on what was cut: the words of `huanhua train`. Raises InputError where nothing was cut, or no base is there."""
    if not photo_set.is_cut:
        raise InputError("the photos are not cut yet", photo_set.photos, "cut them first")
    kind, trigger = photo_set.kind(), photo_set.facts()[1]
    chosen = chosen_base(photo_set.rooms, base)
    words = [str(photo_set.data), "--kind", kind, "--trigger", trigger, "--base", str(chosen.path), "--preset", chosen.family]
    words += ["--out", str(_free_file(photo_set.rooms.loras_folder, trigger)), "--samples", str(photo_set.samples)]
    return words + [word for setting in settings for word in ("--set", setting)]


def trained_file(words: Sequence[str]) -> Path:
    """The LoRA that such words train."""
    return Path(words[list(words).index("--out") + 1])


def _free_file(folder: Path, trigger: str) -> Path:
    """A LoRA that is there is never written over: a second training has a number behind its name."""
    names = (trigger, *(f"{trigger}-{number}" for number in range(2, 1000)))
    return next(place for name in names if not (place := folder / f"{name}.safetensors").exists())


def _family(rooms: Rooms, base: str | None) -> str:
    """The family of presets; where no base is there yet, SD1.5's: sets can be cut before."""
    try:
        return chosen_base(rooms, base).family
    except InputError:
        if base is not None:
            raise
        found = {each.family for each in bases(rooms)}
        return found.pop() if len(found) == 1 else "sd15"


def _drawn(photo_set: PhotoSet) -> bool:
    file = photo_set.photos / BOXES
    return file.is_file() and any(boxes.is_complete and not boxes.skip for boxes in read_boxes(file).values())


def _lab_words(preset: str, kind: LoraKind) -> list[str]:
    if preset != LAB:
        return []
    return [*(() if kind == "clothing" else ("--caption-reg",)), "--left-to-trigger", LEFT_TO_TRIGGER]


def _preset(path: Path, family: str) -> str:
    return LAB if _is_lab(path) else family


def _is_lab(path: Path) -> bool:
    return path.resolve().parent.parts[-len(LAB_WEIGHTS.parts) :] == LAB_WEIGHTS.parts


def _webuis(rooms: Rooms) -> list[FoundBase]:
    try:
        return bases_of(webuis_of(rooms.root))
    except InputError:
        return []  # a folder that is away: its bases come back with it


def _named(rooms: Rooms) -> Iterator[FoundBase]:
    for start, spec in _specs(rooms):
        checkpoint = spec.base.checkpoint
        found = None if checkpoint is None else base_at(_place(start, checkpoint))
        if found is not None:
            yield found


def _place(start: Path, name: str) -> Path:
    return (start / name).expanduser()


def _specs(rooms: Rooms) -> Iterator[tuple[Path, StudySpec]]:
    for folder in rooms.folders().values():
        try:
            yield names_start(folder), read_spec(folder / "study.yaml")
        except InputError:
            continue
