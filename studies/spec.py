"""study.yaml: what a person writes. Every field is checked on entry; unknown keys are refused by name."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BeforeValidator, Field, ValidationError, ValidationInfo, model_validator

from models.errors import InputError
from models.language.translate import phrase
from optimizer.point import Point, file_key
from optimizer.search.space import Axis, Space
from studies.control.section import ControlSection, check_controls, searched_controls
from studies.control.section import check_given as check_given_controls
from studies.drawing.image_spec import BaseSection, RenderSection
from studies.drawing.registry import DrawAny, way_named
from studies.drawing.section import HuanhuaDraw
from studies.lora_files.section import LoraSection, check_files, check_given, file_at, searched_files
from studies.project.folder import names_start
from studies.prompts import check_edits, check_tags
from studies.regions.section import check_figures, check_named, check_regions
from studies.schedules.section import check_schedules, searched_schedules
from studies.scorer_spec import ScorersSection
from studies.search.section import SearchSection
from studies.spec_reading.fault_words import LORA_NAME, STUDY_NAME
from studies.spec_reading.faults import spec_error
from studies.spec_reading.study_yaml import read_study_yaml
from studies.spec_section import Section

CFG_STEP: Final = 0.5
"""Distance of neighbouring CFG scales."""
LoraName: TypeAlias = Annotated[str, Field(pattern=LORA_NAME)]
FigureName: TypeAlias = Annotated[str, Field(pattern=r"^\w[\w-]*$")]


class SeedsSection(Section):
    """Seeds that are drawn at random and ranked."""

    scout: Annotated[int, Field(ge=1, le=256)] = 16
    """images of scouting, one a seed"""
    keep: Annotated[int, Field(ge=1, le=64)] = 2
    """seeds to keep"""


class TrackingSection(Section):
    """Where results are stored and shown."""

    mlflow: str | None = None
    """MLflow tracking URI, a relative SQLite file from the study's folder; SQLite in the workspace by default"""
    storage: str | None = None
    """Optuna storage URL, a relative SQLite file from the study's folder; SQLite in the workspace by default"""


class StudySpec(Section):
    """One study.yaml."""

    name: Annotated[str, Field(min_length=1, max_length=80, pattern=STUDY_NAME)]
    """names the study in storage and trackers, and seeds scouting"""
    base: BaseSection
    prompt: Annotated[str, Field(min_length=1)]
    """A1111's syntax of emphasis; comma-separated tags"""
    negative_prompt: str = ""
    """A1111's syntax of emphasis"""
    embeddings: list[str] = Field(default=[])
    """textual-inversion files; prompts name them by their stems"""
    render: RenderSection = RenderSection()
    draw: DrawAny = HuanhuaDraw()
    """the program that draws; huanhua itself by default"""
    loras: Annotated[dict[LoraName, LoraSection], Field(min_length=1), BeforeValidator(check_given)]
    """LoRAs by names of your own"""
    figures: Annotated[list[FigureName] | dict[FigureName, str], BeforeValidator(check_named)] = Field(default=[])
    """the people in the picture where there are several, from left to right; each LoRA says at `figure` whose it is. {anna: "pink
    dress", bea: "blue dress"} also gives words that are read after the prompt in her place alone"""
    control: Annotated[dict[LoraName, ControlSection], BeforeValidator(check_given_controls)] = Field(default={})
    """ControlNets by names of your own: what of the locked image holds the composition while weights rise"""
    search: SearchSection = SearchSection()
    seeds: SeedsSection | list[Annotated[int, Field(ge=0)]] = SeedsSection()
    """seeds to search, or how many to scout"""
    scorers: ScorersSection = ScorersSection()
    tracking: TrackingSection = TrackingSection()

    @model_validator(mode="before")
    @classmethod
    def _completed(cls, given: Any, info: ValidationInfo) -> Any:
        """Filled from the files that `draw` names, which are named from the context's "root"."""
        draw = given.get("draw") if isinstance(given, dict) else None
        way = way_named(draw.get("with")) if isinstance(draw, dict) else HuanhuaDraw
        return (
            given
            if way is None or not isinstance(given, dict)
            else way.completed(given, Path((info.context or {}).get("root", "")))
        )

    @model_validator(mode="after")
    def _consistent(self) -> StudySpec:
        searched = self.searched()
        if not searched:
            raise ValueError(phrase("every LoRA is fixed: leave at least one to search"))
        unknown = sorted(set(self.search.require) - set(searched))
        if unknown:
            names = {"unknown": ", ".join(unknown), "searched": ", ".join(searched)}
            raise ValueError(phrase("search.require names {unknown}, which is no searched LoRA ({searched})", **names))
        _check_extra(self.scorers, self.loras)
        edits = self.search.levers.all() if self.search.levers else []
        check_tags({"prompt": self.prompt, "negative_prompt": self.negative_prompt})
        check_tags({f"figures.{figure}": words for figure, words in self.figure_words().items()})
        check_tags({f"search.levers, {edit.name}": edit.add for edit in edits})
        check_edits(edits, self.prompt)
        check_files(self.loras)
        check_regions({name: (lora.region, lora.kind) for name, lora in self.loras.items()}, self.draw, self.scorers.parts.model)
        whose = {name: (lora.figure, lora.fixed is None) for name, lora in self.loras.items()}
        check_figures(list(self.figures), whose, self.draw, self.scorers.parts.model)
        when = {name: lora.schedule for name, lora in self.loras.items()}
        check_schedules(when, list(searched), self.search.schedule, self.render.steps, self.draw)
        check_controls(self.control, self.search.control, list(self.loras), self.draw, self.scorers)
        if isinstance(self.seeds, list) and not self.seeds:
            raise ValueError(phrase("seeds is an empty list: name seeds, or use {scout: 16, keep: 2}"))
        largest = self.draw.largest_seed
        if isinstance(self.seeds, list) and max(self.seeds) > largest:
            seed, title = max(self.seeds), self.draw.title
            raise ValueError(phrase("seeds names {seed}; {title} draws 0 to {largest}", seed=seed, title=title, largest=largest))
        if self.search.cfg is not None and not 1 <= self.search.cfg[0] < self.search.cfg[1] <= 30:
            raise ValueError(phrase("search.cfg must rise, within 1 to 30"))
        return self

    def searched(self) -> dict[str, LoraSection]:
        """The LoRAs whose weights are searched, by name."""
        return {name: lora for name, lora in self.loras.items() if lora.fixed is None}

    def lora_files(self) -> dict[str, str]:
        """Every LoRA file by its `optimizer.point.file_key`: a LoRA's last one by its name."""
        return {
            file_key(name, "" if file == lora.last else label): file
            for name, lora in self.loras.items()
            for label, file in reversed(list(zip(lora.labels, lora.files, strict=True)))
        }

    def file_at(self, name: str, point: Point | None) -> str:
        """The file that draws a LoRA at a point; its last one where the point chooses none."""
        return file_at(self.loras[name], name, point)

    def space(self) -> Space:
        """The weights, files, schedules, ControlNets, CFG and prompt edits that are searched, with their prices."""
        search, searched = self.search, self.searched()
        weights = {name: Axis(*lora.bounds, search.step) for name, lora in searched.items()}
        prices = {name: lora.price for name, lora in searched.items()}
        cfg = Axis(*search.cfg, CFG_STEP) if search.cfg else None
        edits = tuple(search.levers.all()) if search.levers else ()
        files = searched_files(searched)
        when = searched_schedules({name: lora.schedule for name, lora in searched.items()}, search.schedule, self.render.steps)
        held = searched_controls(self.control, search.control, self.render.steps)
        return Space(
            weights,
            self.render.cfg,
            cfg,
            prices,
            search.cfg_price,
            edits,
            self.prompt,
            search.lever_price,
            files,
            schedules=when,
            controls=held,
        )

    def locked(self) -> Point:
        """The start weights, LoRAs in all steps and no ControlNet: scouting draws them so, and so does what calibrates."""
        return replace(self.start(), schedules={}, controls={})

    def start(self) -> Point:
        """The start weights, on the grid of the search."""
        return self.space().point({name: lora.start for name, lora in self.searched().items()}, self.render.cfg)

    def scout_seeds(self, count: int) -> list[int]:
        """The seeds that scouting draws: the same for the same name, so that a resumed scouting draws nothing twice."""
        import numpy as np

        rng = np.random.default_rng(zlib.crc32(self.name.encode()))
        return [int(seed) for seed in rng.integers(0, 2**31, size=count)]

    def figure_words(self) -> dict[str, str]:
        """By figure, what is read after the prompt in her place; figures without words are left out."""
        given = self.figures if isinstance(self.figures, dict) else {}
        return {figure: words.strip() for figure, words in given.items() if words.strip()}

    def distinct_faces(self) -> tuple[str, ...]:
        """Searched face LoRAs of several figures: nobody may wear another's face."""
        faces = {n: lora.figure for n, lora in self.searched().items() if lora.kind == "face" and lora.figure is not None}
        return tuple(faces) if len(set(faces.values())) > 1 else ()

    def required(self, name: str) -> float:
        """The calibrated score that a searched LoRA must reach."""
        return self.search.require.get(name, 0.7)


def _check_extra(scorers: ScorersSection, loras: Mapping[str, LoraSection]) -> None:
    extra = scorers.extra
    if not extra:
        return
    from scorers.score.registry import SCORES

    taken = sorted({*loras, *(score.name for score in SCORES)} & set(extra))
    if taken:
        raise ValueError(phrase("scorers.extra names {taken}, which is a name of the study's own scores", taken=", ".join(taken)))
    for scorer, lora in scorers.regions():
        if lora not in loras or loras[lora].kind == "other":
            raise ValueError(
                phrase("scorers.extra.{scorer} names {lora}, which is no LoRA with a region here", scorer=scorer, lora=lora)
            )
        if loras[lora].references is None:
            where = {"scorer": scorer, "lora": lora}
            raise ValueError(phrase("scorers.extra.{scorer} compares {lora} with photos: name loras.{lora}.references", **where))


def study_file(study: Path) -> Path:
    """The study.yaml that `study` names: itself, or the one in that folder."""
    path = study / "study.yaml" if study.is_dir() else study
    if not path.is_file():
        raise InputError("no such study", study, "name a study.yaml or its folder; `huanhua init DIR` writes one")
    return path


def read_spec(path: Path) -> StudySpec:
    """Reads and checks a study file. Raises InputError with the place and the mend on the first fault."""
    content = read_study_yaml(path)
    try:
        return StudySpec.model_validate(content.data, context={"root": names_start(path.parent)})
    except ValidationError as error:
        # Of the way to draw first: it decides what else has to be there.
        faults = sorted(error.errors(), key=lambda fault: fault["loc"][:1] != ("draw",))
        raise spec_error(faults, content, path) from error


def schema() -> dict[str, Any]:
    """The JSON schema of study.yaml."""
    return StudySpec.model_json_schema()
