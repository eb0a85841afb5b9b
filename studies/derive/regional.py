"""The same study with each LoRA in its own part of the figure: `huanhua run STUDY --regions DIR`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import InputError
from models.language.translate import phrase
from studies.derive.fork import fork_study
from studies.derive.study_yaml import with_values
from studies.regions.words import regionable
from studies.study import Study

if TYPE_CHECKING:
    from studies.spec import StudySpec


def study_with_regions(study: Study, text: str, folder: Path) -> Study:
    """Writes the study file `text` into `folder`, with `region: auto` at each LoRA that has a part of the figure and no region,
    the seeds that are locked, and all images that are still valid: those of calibration. `study` stays as it is.

    Raises InputError, and writes nothing, where no LoRA can have one, another program draws, no part parser is named, or as
    `studies.derive.fork.fork_study` does.
    """
    regional = regionable(study.spec)
    if not regional:
        what = "no LoRA of the study can be given a region"
        raise InputError(what, study.spec.name, phrase(_why_none(study.spec)))
    for name in regional:
        text = with_values(text, ("loras", name), {"region": "auto"})
    sections = {
        name: section.model_copy(update={"region": "auto"}) if name in regional else section
        for name, section in study.spec.loras.items()
    }
    spec = study.spec.model_copy(update={"loras": sections})
    changed = Study(spec, study.root, study.workspace, study.backend, study.models, study.folder)
    return fork_study(changed, text, folder)[0]


def _why_none(spec: StudySpec) -> str:
    from studies.drawing.section import HuanhuaDraw

    if not isinstance(spec.draw, HuanhuaDraw):
        return "only huanhua itself draws regions: leave draw out"
    if spec.scorers.parts.model is None:
        return "name scorers.parts.model, or write a box or a mask at loras"
    return "each has one already, or is of kind other: write a box or a mask at loras"
