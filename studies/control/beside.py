"""A ControlNet that acts in no trial, but in what is made of a pick: a mend, a large picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.errors import InputError
from models.language.translate import phrase
from studies.control.nets import check_nets
from studies.study import Study

if TYPE_CHECKING:
    from studies.control.section import ControlSection


def study_with(study: Study, name: str, section: ControlSection, option: str) -> Study:
    """The same study with one more ControlNet, which acts where a job says so. `section.model` is a whole path, `option` what a
    person named it by.

    Raises InputError for a name that the study has for another one or for a LoRA, and for what is no ControlNet of its base.
    """
    if name in study.spec.control or name in study.spec.loras:
        raise InputError(phrase("the study has a {name} of its own", name=name), option, "give that another name in study.yaml")
    spec = study.spec.model_copy(update={"control": {**study.spec.control, name: section}})
    check_nets(spec, study.root)
    return Study(spec, study.root, study.workspace, folder=study.folder)
