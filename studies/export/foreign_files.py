"""Files of a pick that another tool does not read as huanhua does, written so that it does: LoRAs whose scale or names it passes
over, under kohya's names and with their alphas in the tensors, and textual inversions that lie in LoRA files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.base.registry import FAMILIES
from models.base.textual_inversion import bundled_embeddings, is_named, write_embedding
from models.errors import InputError
from models.language.translate import joined, phrase
from models.lora.combine import LoraSum, low_rank_layers, write_sum
from models.lora.layout import lora_name
from optimizer.point import file_key
from studies.drawing.section import HuanhuaDraw
from studies.export.infotext import file_name, weights_at
from studies.export.other_loaders import OtherReading, Tool, other_reading

if TYPE_CHECKING:
    from models.base.family import BaseFamily
    from models.base.textual_inversion import Embedding
    from optimizer.point import Point
    from studies.picture_settings.settings import PictureSettings
    from studies.study import Study

FOLDERS: Final[dict[Tool, tuple[str, str]]] = {
    "A1111": ("models/Lora", "embeddings"),
    "ComfyUI": ("models/loras", "models/embeddings"),
}
"""Where a tool looks for LoRAs and textual inversions; the diffusers script names files where they are."""
KEPT: Final = ("ss_", "modelspec.")
"""How keys of the metadata begin that a converted file keeps; others may state a scale, or a hash."""


@dataclass(frozen=True)
class ConvertedLora:
    """A LoRA that was written anew."""

    path: Path
    hash: str
    """What A1111 calls it in picture metadata."""


@dataclass(frozen=True)
class ForeignFiles:
    """What was written for a tool."""

    loras: Mapping[str, ConvertedLora] = field(default_factory=dict)
    """By LoRA."""
    inversions: Mapping[str, Path] = field(default_factory=dict)
    """By their words."""
    notes: tuple[str, ...] = ()
    """One line for each: what the tool does with the study's own file, and where the written one belongs."""

    @property
    def paths(self) -> tuple[Path, ...]:
        return (*(lora.path for lora in self.loras.values()), *self.inversions.values())


NO_FILES: Final = ForeignFiles()


def foreign_files(study: Study, point: Point, tool: Tool, folder: Path) -> ForeignFiles:
    """Writes into `folder` what `tool` does not read of the point's files, each whole or not at all; nothing for most studies.

    A study that a server draws has its files there, read as that server reads them. Of a base that is drawn as diffusers draws it
    nothing is told of other tools. Raises InputError for a LoRA whose method diffusers lacks.
    """
    if not isinstance(study.spec.draw, HuanhuaDraw) or as_diffusers_draws(study) is not None:
        return NO_FILES
    weights = weights_at(study, point)
    loras: dict[str, ConvertedLora] = {}
    notes = []
    for name in weights:
        path = study.lora_file(name, point)
        if not path.exists():
            continue
        try:
            reading = other_reading(path, tool, study.base_facts.family)
        except InputError as error:
            notes.append(
                phrase(
                    "{name}: what {tool} reads of {file} cannot be told here ({what})",
                    name=name,
                    tool=tool,
                    file=lora_name(path),
                    what=error.what,
                )
            )
            continue
        if reading.is_equal and path.is_file():
            continue
        converted, mend = _converted(study, file_key(name, point.files.get(name, "")), tool, folder)
        if converted is not None:
            loras[name] = converted
            if tool in FOLDERS:
                mend = phrase("{mend}: put it into {folder}", mend=mend, folder=FOLDERS[tool][0])
        does = _does(reading, tool, lora_name(path))
        notes.append(phrase("{name}: {does}; {mend}", name=name, does=does, mend=mend))
    inversions = {}
    for embedding in _named_inversions(study, point):
        # A1111 reads them where the LoRA's tag stands.
        if tool == "A1111" and weights.get(embedding.lora):
            continue
        place = folder / f"{_file_stem(embedding.name)}.safetensors"
        write_embedding(place, embedding)
        inversions[embedding.name] = place
        if tool in FOLDERS:
            weighted = "{lora}: {tool} reads the textual inversion {name} in its file only where the LoRA has a weight"
            never = "{lora}: {tool} reads the textual inversion {name} in its file not"
            what = phrase(weighted if tool == "A1111" else never, lora=embedding.lora, tool=tool, name=embedding.name)
            notes.append(phrase("{what}: put {name} into {folder}", what=what, name=place.name, folder=FOLDERS[tool][1]))
    return ForeignFiles(loras, inversions, tuple(notes))


def as_diffusers_draws(study: Study) -> BaseFamily | None:
    """The study's base family where it is drawn as diffusers draws it (docs/rendering.md), of which no other tool's file is
    written; None for the others."""
    family = FAMILIES.get(study.base_facts.family)
    return family if family is not None and family.samplers is not None else None


def with_converted(study: Study, point: Point, info: PictureSettings, files: ForeignFiles) -> PictureSettings:
    """The settings of the point with the LoRAs that were converted in the place of those that they were made of."""
    new = {file_name(study, name, point): (lora.path.stem, lora.hash) for name, lora in files.loras.items()}
    loras = {new[name][0] if name in new else name: weight for name, weight in info.loras.items()}
    hashes = dict(new.get(name, (name, digest)) for name, digest in info.lora_hashes.items())
    return replace(info, loras=loras, lora_hashes=hashes)


def _converted(study: Study, key: str, tool: Tool, folder: Path) -> tuple[ConvertedLora | None, str]:
    """The LoRA of a `file_key` as a file that the tool reads as huanhua reads it, and what to do with it; opens the base.

    Raises InputError for a method that a diffusers script could only fail at.
    """
    try:
        file, modules = study.models.loras[key], study.models.base.modules
    except InputError as error:
        return None, phrase("it cannot be converted here ({what})", what=error.what)
    path = folder / f"{file.name}-kohya.safetensors"
    metadata = {key: value for key, value in file.metadata.items() if key.startswith(KEPT)}
    try:
        layers = {part: {**low_rank_layers(file, part)} for part in file.layers}
    except InputError as error:
        if tool == "diffusers":
            raise InputError(error.what, file.path, "diffusers lacks its method: export --to a1111 or --to comfyui") from error
        return None, phrase("it cannot be converted ({what})", what=error.what)
    digest = write_sum(path, LoraSum(layers, file.inversions), metadata, modules)
    return ConvertedLora(path, digest[:12]), phrase("{name} is equal, and is named instead", name=path.name)


def _does(reading: OtherReading, tool: Tool, file: str) -> str:
    """What the tool does with a file that it does not read alike."""
    if tool == "diffusers":
        return phrase("{tool} may not read the names or the scale of {file}", tool=tool, file=file)
    parts = []
    if reading.dropped:
        parts.append(phrase("passes over {count} of the {layers} layers", count=len(reading.dropped), layers=reading.layers))
    if reading.rescaled:
        parts.append(
            phrase("takes alpha = rank in {count} of the {layers} layers", count=len(reading.rescaled), layers=reading.layers)
        )
    if not parts:
        return phrase("{tool} opens no folder such as {file}", tool=tool, file=file)
    return phrase("{tool} {parts} of {file}", tool=tool, parts=joined(" and ", parts), file=file)


def _named_inversions(study: Study, point: Point) -> list[Embedding]:
    """Textual inversions in LoRA files whose word a prompt of the point has."""
    texts = [point.prompt or study.spec.prompt, study.spec.negative_prompt]
    found = []
    for lora, facts in study.lora_facts.items():
        words = {word for word in facts.words if is_named(word, texts)}
        if words:
            inside = bundled_embeddings(study.path(study.spec.loras[lora].last), lora)
            found += [embedding for embedding in inside if embedding.name.lower() in words]
    return found


def _file_stem(word: str) -> str:
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", word).strip(". ")[:100] or "inversion"
