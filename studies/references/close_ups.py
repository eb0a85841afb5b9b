"""Images of one LoRA alone at full weight: its references where it has neither photos nor a preview picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from models.errors import InputError
from models.io.files import write_whole
from models.language.translate import phrase
from optimizer.point import Job, Point
from studies.references.source import CLOSE_UP_SEEDS, sources_of
from studies.study import Study

FULL: Final = 1.0
"""The weight of close-ups."""
FOLDER: Final = "close-ups"


def draw_close_ups(study: Study, callback: Callable[[], None]) -> None:
    """Draws those that are needed and were not drawn before. `callback` is called after each image.

    They are stored apart from the image cache, which evicts images: references must stay the same.
    """
    lacking = close_ups_lacking(study)
    if not lacking:
        return
    (study.workspace.root / FOLDER).mkdir(exist_ok=True)
    for job, evaluation in zip(lacking, study.everywhere.evaluate_all(lacking), strict=True):
        if not evaluation.observation.failed:
            write_whole(_stored_at(study, job), evaluation.image.read_bytes())
        callback()


def close_ups_lacking(study: Study) -> list[Job]:
    """The close-ups that are needed and not stored yet."""
    needed = [name for name, source in sources_of(study).items() if source == "close-ups"]
    return [job for name in needed for job in _jobs_of(study, name) if not _stored_at(study, job).exists()]


def _jobs_of(study: Study, name: str) -> list[Job]:
    alone = Point({name: FULL}, study.spec.render.cfg, study.plain_prompt(keep=name))
    return [Job(seed, alone) for seed in CLOSE_UP_SEEDS]


def _stored_at(study: Study, job: Job) -> Path:
    """The file is named by its cache key, which covers the hashes of base and LoRA."""
    return study.workspace.root / FOLDER / study.everywhere.place(job).name


def stored_close_ups(study: Study, name: str) -> list[Path]:
    """The files of one LoRA's close-ups. Raises InputError if none is drawn yet."""
    found = [place for job in _jobs_of(study, name) if (place := _stored_at(study, job)).is_file()]
    if not found:
        what = phrase("{name} has no reference photos, no preview picture, and no image of it alone is drawn yet", name=name)
        mend = phrase("run `huanhua run STUDY`, which draws them, or name photos: loras.{name}.references", name=name)
        raise InputError(what, study.path(study.spec.loras[name].last), mend)
    return found
