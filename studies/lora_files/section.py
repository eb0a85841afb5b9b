"""`loras.NAME` of study.yaml: one LoRA of the outfit, which may be several files, the epochs of its training."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Annotated, Final

from pydantic import Field, ValidationInfo, field_validator, model_validator

from models.language.translate import phrase
from models.lora_kinds import LoraKind
from optimizer.point import Point
from studies.regions.section import RegionSection
from studies.schedules.section import ScheduleSection, check_rises
from studies.spec_section import Section

EPOCH: Final = re.compile(r"(?P<name>.+)[-_](?P<number>[0-9]{4,12})")
"""The name of a file from within a training, as kohya's scripts and ai-toolkit write it: its name, and epochs or steps."""
Weight = Annotated[float, Field(ge=0, le=2)]
PAIRS: Final = {
    "bounds": "bounds are two weights: [least, greatest]",
    "schedule": "a schedule is two shares of the steps, from 0 to 1: [start, end]",
}
"""What is written as two numbers, in words."""


class LoraSection(Section):
    """One LoRA of the outfit."""

    file: str | Annotated[list[str], Field(min_length=1)]
    """.safetensors file; a list of them are epochs of one training, the earliest first: the search finds which one it takes"""
    kind: LoraKind
    """what it shows, which decides where it is looked for and how it is scored"""
    references: str | None = None
    """folder of photos, or a training set of `huanhua prepare`; null: the file's preview picture, or images of the LoRA alone"""
    trigger: str | None = None
    """trigger word; by default the one written in the file"""
    start: Weight = 0.4
    """weight of the first trial, and of scouting"""
    bounds: tuple[Weight, Weight] = (0.0, 1.0)
    """least and greatest weight that is searched"""
    fixed: Weight | None = None
    """a weight that is not searched"""
    price: Annotated[float, Field(gt=0)] = 1.0
    """cost of one unit of this weight"""
    region: RegionSection | None = None
    """where alone it acts: auto, its part of the figure in the locked image; {box: [left, top, right, bottom]}; {mask: FILE}"""
    figure: str | None = None
    """whose it is, of the people that `figures` names: it acts in her place alone, and is looked for there"""
    schedule: ScheduleSection | None = None
    """[start, end]: the part of the steps, 0 to 1, in which alone it acts; early ones settle the composition, late ones detail"""

    @property
    def files(self) -> tuple[str, ...]:
        """All files, the earliest first; most LoRAs have one."""
        return (self.file,) if isinstance(self.file, str) else tuple(self.file)

    @property
    def last(self) -> str:
        """The last file: what draws where no other is chosen."""
        return self.files[-1]

    @property
    def labels(self) -> tuple[str, ...]:
        """What each file is called in trials and pages: its name without suffix, its whole place where names are alike."""
        places = [file.replace("\\", "/") for file in self.files]
        stems = [_stem(place) for place in places]
        return tuple(stems) if len(set(stems)) == len(stems) else tuple(places)

    def labelled(self, label: str | None) -> str:
        """The file of that label, the last one for None. Raises ValueError if no file has it."""
        return self.last if label is None else self.files[self.labels.index(label)]

    @field_validator("file", mode="before")
    @classmethod
    def _named(cls, file: object) -> object:
        if file == [] or not isinstance(file, (str, list)):
            raise ValueError(phrase("name a file, or a list of files, the epochs of one training"))
        return file

    @field_validator("region", mode="before")
    @classmethod
    def _placed(cls, region: object) -> object:
        """As `_pair`, of what is neither a word nor a section."""
        if region is None or region == "auto" or isinstance(region, (Mapping, Section)):
            return region
        raise ValueError(phrase("auto, {box: [left, top, right, bottom]} or {mask: FILE}"))

    @field_validator("bounds", "schedule", mode="before")
    @classmethod
    def _pair(cls, given: object, info: ValidationInfo) -> object:
        """In a person's words, before two numbers are checked one by one."""
        numbers = given if isinstance(given, (list, tuple)) and all(type(end) in (int, float) for end in given) else ()
        if len(numbers) != 2 and not (given is None and info.field_name == "schedule"):
            raise ValueError(phrase(PAIRS[str(info.field_name)]))
        return given

    @model_validator(mode="after")
    def _sane(self) -> LoraSection:
        low, high = self.bounds
        check_rises(self.schedule)
        if low >= high:
            raise ValueError(phrase("bounds must rise, not {low} to {high}", low=low, high=high))
        if self.fixed is None and not low <= self.start <= high:
            raise ValueError(phrase("start {start} lies outside bounds {low} to {high}", start=self.start, low=low, high=high))
        if self.fixed is None and self.kind == "other":
            raise ValueError(phrase("kind other cannot be scored: give it a fixed weight"))
        if self.fixed is not None and len(self.files) > 1:
            raise ValueError(phrase("a fixed weight is not searched, and neither are files: name one"))
        for earlier, later in pairwise(self.files):
            if _falls(earlier, later):
                where = {"later": later, "earlier": earlier}
                raise ValueError(phrase("files stand in the order of their training, and {later} is before {earlier}", **where))
        return self


def check_given(loras: object) -> object:
    """What stands at `loras` before it is read. Raises ValueError where that is no LoRA by its name."""
    if not loras or not isinstance(loras, Mapping):
        raise ValueError(phrase("name the LoRAs, such as dress: {file: dress.safetensors, kind: clothing}"))
    for name, section in loras.items():
        if not isinstance(section, (Mapping, Section)):
            raise ValueError(phrase("{name} is a section, such as {{file: dress.safetensors, kind: clothing}}", name=name))
    return loras


def _falls(first: str, second: str) -> bool:
    """Whether the numbers in their names say that the second was trained less: NAME-000008, NAME-000004. Trainers give the last
    file of a training no number."""
    stems = [_stem(file) for file in (first, second)]
    found = [EPOCH.fullmatch(stem) for stem in stems]
    names = [stem if match is None else match["name"] for match, stem in zip(found, stems, strict=True)]
    numbers = [math.inf if match is None else int(match["number"]) for match in found]
    return names[0] == names[1] and numbers[0] > numbers[1]


def _stem(file: str) -> str:
    return PurePosixPath(file.replace("\\", "/")).name.removesuffix(".safetensors")


def searched_files(loras: Mapping[str, LoraSection]) -> dict[str, tuple[str, ...]]:
    """By LoRA of several files, their labels: the axes of files of a search."""
    return {name: lora.labels for name, lora in loras.items() if len(lora.files) > 1}


def file_at(lora: LoraSection, name: str, point: Point | None) -> str:
    """The file that draws the LoRA `name` at a point; the last one where the point chooses none."""
    return lora.labelled(None if point is None else point.files.get(name))


def check_files(loras: Mapping[str, LoraSection]) -> None:
    """Raises ValueError for a file that is named twice: under two names a LoRA would add up, and could not be told apart."""
    names: dict[str, str] = {}
    for name, lora in loras.items():
        for file in lora.files:
            place = os.path.normpath(file)
            if names.get(place) == name:
                raise ValueError(phrase("loras.{name} names the file {file} twice: leave one out", name=name, file=file))
            other = names.setdefault(place, name)
            if other != name:
                both = {"other": other, "name": name, "file": file}
                raise ValueError(phrase("loras.{other} and loras.{name} name the same file, {file}: leave one out", **both))
