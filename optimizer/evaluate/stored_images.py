"""Images that earlier runs stored: which are there, and their evaluations. Nothing here draws."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from models.errors import InputError
from models.language.translate import phrase
from optimizer.evaluate.base import Evaluation, Evaluator
from optimizer.point import Job


def missing_images(evaluator: Evaluator, jobs: Iterable[Job], *, alone: bool = False) -> set[Path]:
    """The files of those jobs whose image is not stored. `alone`: one drawn in a batch does not count."""
    return {evaluator.place(job) for job in jobs if evaluator.find_image(job, alone=alone) is None}


def load_evaluation(evaluator: Evaluator, job: Job, *, alone: bool = True) -> Evaluation:
    """A stored evaluation. Raises InputError if its image is not in the workspace."""
    found = evaluator.load(job, alone=alone)
    if found is None:
        mend = phrase("run `huanhua run STUDY --seed {seed}`, which draws it", seed=job.seed)
        raise InputError("an image of it is not in the workspace", phrase("seed {seed}", seed=job.seed), mend)
    return found
