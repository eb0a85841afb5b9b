"""The pictures that were drawn for sittings: one LoRA's weight varied, the others at the start."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from models.errors import InputError
from optimizer.evaluate.stored_images import missing_images
from optimizer.point import Job, Point
from studies.study import Study

STORED: Final = "level-pictures"
"""The workspace's JSON file of them: a list of {seed, lora, weight}."""


def drawn_jobs(study: Study, seed: int) -> Iterator[tuple[str, Job]]:
    """Those of a seed whose images are there, each with the LoRA whose weight it varies."""
    for entry in _record(study):
        if entry["seed"] == seed and entry["lora"] in study.spec.searched():
            job = Job(seed, point_on_line(study, entry["lora"], entry["weight"]))
            if not missing_images(study.evaluator, [job], alone=True):
                yield entry["lora"], job


def point_on_line(study: Study, lora: str, weight: float) -> Point:
    """The start with one weight of its own."""
    return replace(study.start, weights={**study.start.weights, lora: weight})


def record(study: Study, seed: int, lora: str, weight: float) -> None:
    """That a picture was drawn."""
    study.workspace.write(STORED, [*_record(study), {"seed": seed, "lora": lora, "weight": weight}])


def _record(study: Study) -> list[Any]:
    """Raises InputError for another form."""
    record = study.workspace.read(STORED)
    whole = isinstance(record, list) and all(isinstance(e, dict) and {"seed", "lora", "weight"} <= set(e) for e in record)
    if record is not None and not whole:
        mend = "move it away: the pictures are drawn again where they are asked for"
        raise InputError("no record of pictures for levels", study.workspace.root / f"{STORED}.json", mend)
    return record or []
