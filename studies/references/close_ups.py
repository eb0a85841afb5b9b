"""Images of one LoRA alone at full weight: its references where it has neither photos nor a preview picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from models.io.files import write_whole
from optimizer.point import Job, Point

if TYPE_CHECKING:
    from studies.study import Study
from studies.references.source import CLOSE_UP_SEEDS, sources_of

FULL: Final = 1.0
"""The weight of close-ups."""
FOLDER: Final = "close-ups"


def draw_close_ups(study: Study, drawn: Callable[[], None]) -> None:
    """Draws those that are needed and were not drawn before. `drawn` is called after each image.

    They are kept apart from the cache of images, which may let them go: what is compared with must stay the same.
    """
    lacking = close_ups_lacking(study)
    if not lacking:
        return
    (study.workspace.root / FOLDER).mkdir(exist_ok=True)
    for job, evaluation in zip(lacking, study.evaluator.evaluate_all(lacking), strict=True):
        if not evaluation.observation.failed:
            write_whole(_kept(study, job), evaluation.image.read_bytes())
        drawn()


def close_ups_lacking(study: Study) -> list[Job]:
    """The close-ups that are needed and not kept yet."""
    needed = [name for name, source in sources_of(study).items() if source == "close-ups"]
    return [job for name in needed for job in _jobs_of(study, name) if not _kept(study, job).exists()]


def _jobs_of(study: Study, name: str) -> list[Job]:
    alone = Point({name: FULL}, study.spec.render.cfg, study.plain_prompt(keep=name))
    return [Job(seed, alone) for seed in CLOSE_UP_SEEDS]


def _kept(study: Study, job: Job) -> Path:
    """Its name holds all that decides the image: the base's and the LoRA's hash among it."""
    return study.workspace.root / FOLDER / study.evaluator.place(job).name


def stored_close_ups(study: Study, name: str) -> list[Path]:
    found = [place for job in _jobs_of(study, name) if (place := _kept(study, job)).is_file()]
    if not found:
        what = f"{name} has no reference photos, no preview picture, and no image of it alone is drawn yet"
        mend = f"run `huanhua run STUDY`, which draws them, or name photos: loras.{name}.references"
        raise InputError(what, study.path(study.spec.loras[name].file), mend)
    return found
