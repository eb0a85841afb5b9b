"""The images of one LoRA alone at rising weights, and the plain image: the jobs that calibrate a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from models.errors import InputError
from optimizer.evaluate.base import Evaluation
from optimizer.point import Job, Point
from studies.run.scouting import is_seed
from studies.study import Study

LADDER: Final = (0.25, 0.5, 0.75, 1.0)
"""Shares of a LoRA's upper bound at which it is drawn alone."""
CALIBRATION: Final = "calibration"
"""The workspace's JSON file that records at which seed ladders are drawn."""


@dataclass(frozen=True)
class Ladder:
    """One LoRA alone at rising weights."""

    lora: str
    steps: tuple[Evaluation, ...]
    raw: tuple[float, ...]
    """Raw similarities to its references, in [0, 1]."""


def stored_ladder_seed(study: Study) -> int | None:
    """The seed at which ladders were drawn, None before the first calibration. Raises InputError if what is stored is no seed."""
    stored = study.workspace.read(CALIBRATION)
    if stored is None:
        return None
    seed = stored.get("seed") if isinstance(stored, dict) else None
    if not is_seed(seed):
        mend = "move it away: the next run calibrates anew, at its first seed"
        raise InputError("no record of a calibration", study.workspace.root / f"{CALIBRATION}.json", mend)
    return int(str(seed))


def store_ladder_seed(study: Study, seed: int) -> None:
    """Records the first calibrated seed: later seeds reuse its ladders."""
    if stored_ladder_seed(study) is None:
        study.workspace.write(CALIBRATION, {"seed": seed})


def ladder_jobs(study: Study, lora: str, seed: int) -> list[Job]:
    """One LoRA's ladder as the calibration of `seed` uses it, lightest first."""
    stored = stored_ladder_seed(study)
    return [Job(seed if stored is None else stored, point) for point in ladder_points(study, lora)]


def ladder_points(study: Study, lora: str) -> list[Point]:
    """Lightest first; of all trigger words, the prompt has that LoRA's alone."""
    top = study.spec.loras[lora].bounds[1]
    prompt = study.plain_prompt(keep=lora)
    return [Point({lora: round(share * top, 6)}, study.spec.render.cfg, prompt) for share in LADDER]


def plain_point(study: Study) -> Point:
    """All searched LoRAs at 0 and the prompt without their trigger words."""
    return Point({}, study.spec.render.cfg, study.plain_prompt())
