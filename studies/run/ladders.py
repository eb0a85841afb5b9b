"""The images of one LoRA alone at rising weights, and the plain image: the jobs that calibrate a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from models.errors import InputError
from models.language.translate import joined, phrase
from optimizer.evaluate.base import Evaluation
from optimizer.point import Job, Point
from studies.lora_files.other_files import RECORD, FileStep, drawn_labels, notes_of_files
from studies.run.scouting import is_seed
from studies.study import Study

LADDER: Final = (1.0,)
"""Shares of a LoRA's upper bound at which it is drawn alone."""
LOWER_LEVELS: Final = (0.75, 0.5, 0.25)
"""Drawn one after the other where the ladder leaves open what the LoRA shows at best."""
EARLIER_LADDERS: Final[Mapping[bool, tuple[float, ...]]] = {False: (0.25, 0.5, 0.75, 1.0), True: (0.75, 1.0)}
"""Of workspaces of earlier versions, by whether their record names levels: their 1 stays what it was."""
CALIBRATION: Final = "calibration"
"""The workspace's JSON file that records at which seed ladders are drawn, at which levels, and whether a seed's start image
calibrates too."""
NEW_RECORD: Final[Mapping[str, Any]] = {"levels": {}, "start": True}


@dataclass(frozen=True)
class Ladder:
    """One LoRA alone at rising weights."""

    lora: str
    steps: tuple[Evaluation, ...]
    raw: tuple[float, ...]
    """Raw similarities to its references, in [0, 1]."""
    faults: tuple[tuple[str, ...], ...] = ()
    """What is wrong with the figure in each step; empty where that was not asked."""
    start: float | None = None
    """Raw similarity of the seed's start image; None where that image is no 1."""
    files: tuple[FileStep, ...] = ()
    """Images of other files than the last one, whose weights these are; none of a LoRA of one file."""

    def weight(self, index: int) -> float:
        return self.steps[index].point.weights[self.lora]

    def sound(self) -> list[int]:
        """Indices of the steps whose figure is sound."""
        return [i for i in range(len(self.steps)) if not self.faults or not self.faults[i]]

    @property
    def best_sound(self) -> float | None:
        """The best raw similarity of a sound step; None where no step is sound."""
        return max((self.raw[i] for i in self.sound()), default=None)

    def images(self) -> tuple[Evaluation, ...]:
        """The steps, then those of other files."""
        return (*self.steps, *(step.seen for step in self.files))

    def sound_images(self) -> list[bool]:
        """Whether each of `images` is sound."""
        sound = self.sound()
        return [*(i in sound for i in range(len(self.steps))), *(not step.faults for step in self.files)]

    def notes(self, noise: float) -> list[str]:
        """What a person should know: steps that are no 1, more weight that shows less by more than `noise` of raw score, another
        file or a start image that shows more by as much."""
        of_files = notes_of_files(self.lora, self.best_sound, self.files, noise)
        alone = [] if self.best_sound is None and any(not step.faults for step in self.files) else self._notes_alone(noise)
        return [*alone, *of_files, *self._notes_of_start(noise)]

    def _notes_of_start(self, noise: float) -> list[str]:
        best = max(
            [*(self.raw[i] for i in self.sound()), *(step.raw for step in self.files if not step.faults)], default=max(self.raw)
        )
        if self.start is None or self.start <= best + noise:
            return []
        return [
            phrase(
                "{lora} shows more in the start image ({start:.2f}) than alone ({best:.2f}): its 1 is the start image",
                lora=self.lora,
                start=self.start,
                best=best,
            )
        ]

    def _notes_alone(self, noise: float) -> list[str]:
        sound = self.sound()
        if not sound:
            return [
                phrase(
                    "{lora} alone is sound at no weight ({why}): its 1 is the best of them",
                    lora=self.lora,
                    why=self._why(len(self.steps) - 1),
                )
            ]
        broken = [i for i in range(len(self.steps)) if i not in sound]
        found: list[str] = [
            phrase(
                "{lora} alone at {weight:g} is not sound ({why}): that is not its 1",
                lora=self.lora,
                weight=self.weight(i),
                why=self._why(i),
            )
            for i in broken
        ]
        most = max(sound, key=lambda i: self.raw[i])
        less = [i for i in sound if i > most and self.raw[i] < self.raw[most] - noise]
        if less:
            at, then = f"{self.weight(most):g} ({self.raw[most]:.2f})", f"{self.weight(less[-1]):g} ({self.raw[less[-1]]:.2f})"
            found.append(
                phrase(
                    "{lora} alone shows most at {at} and less at {then}: more weight gains nothing there",
                    lora=self.lora,
                    at=at,
                    then=then,
                )
            )
        return found

    def _why(self, index: int) -> str:
        return joined(", ", self.faults[index]) if self.faults else ""


def is_open(ladder: Ladder, noise: float) -> bool:
    """Whether a lower level may show more: no step is sound, or the lowest one shows more than those above it."""
    sound = ladder.sound()
    if not sound:
        return True
    raw = [ladder.raw[i] for i in sound]
    return sound[0] == 0 and len(raw) > 1 and raw[0] > max(raw[1:]) + noise


def stored_ladder_seed(study: Study) -> int | None:
    """The seed at which ladders were drawn, None before the first calibration. Raises InputError if what is stored is no seed."""
    stored = study.workspace.read(CALIBRATION)
    if stored is None:
        return None
    seed = stored.get("seed") if isinstance(stored, dict) else None
    if not is_seed(study, seed):
        mend = "move it away: the next run calibrates anew, at its first seed"
        raise InputError("no record of a calibration", study.workspace.root / f"{CALIBRATION}.json", mend)
    return int(str(seed))


def store_ladder_seed(study: Study, seed: int) -> None:
    """Records the first calibrated seed: later seeds reuse its ladders."""
    if stored_ladder_seed(study) is None:
        study.workspace.write(CALIBRATION, {"seed": seed, **NEW_RECORD})


def start_calibrates(study: Study) -> bool:
    """Whether a seed's start image can be a 1 as the ladder's images can: not in workspaces of earlier versions."""
    return bool(_record(study).get("start", False))


def counts_sound_steps_only(study: Study) -> bool:
    """Whether only sound steps can be a 1: in workspaces whose record names levels."""
    return "levels" in _record(study)


def levels_of(study: Study, lora: str) -> tuple[float, ...]:
    """Shares of the upper bound, the least first."""
    record = _record(study)
    levels: Mapping[str, Sequence[float]] = record.get("levels", {})
    return tuple(levels.get(lora, LADDER if "start" in record else EARLIER_LADDERS["levels" in record]))


def store_levels(study: Study, lora: str, levels: Sequence[float]) -> None:
    """Records that a LoRA's ladder has other levels than LADDER."""
    record = _record(study)
    study.workspace.write(CALIBRATION, {**record, "levels": {**record["levels"], lora: list(levels)}})


def file_labels(study: Study, lora: str) -> tuple[str, ...]:
    """The files of a LoRA, besides its last, whose image calibrates it."""
    return drawn_labels(study.spec.loras[lora].labels, _record(study), lora)


def store_file_labels(study: Study, lora: str, labels: Sequence[str]) -> None:
    """Records which files besides the last calibrate a LoRA."""
    record = _record(study)
    study.workspace.write(CALIBRATION, {**record, RECORD: {**record.get(RECORD, {}), lora: list(labels)}})


def _record(study: Study) -> Mapping[str, Any]:
    """Before the first calibration, what it will store."""
    record: Mapping[str, Any] = study.workspace.read(CALIBRATION) or NEW_RECORD
    return record


def ladder_jobs(study: Study, lora: str, seed: int) -> list[Job]:
    """One LoRA's ladder as the calibration of `seed` uses it, lightest first."""
    return [Job(ladder_seed(study, seed), point) for point in ladder_points(study, lora)]


def file_job(study: Study, lora: str, seed: int, label: str) -> Job:
    """One LoRA alone at its upper bound, drawn by another file than its last."""
    point = replace(ladder_point(study, lora, LADDER[-1]), files={lora: label})
    return Job(ladder_seed(study, seed), point)


def file_jobs(study: Study, lora: str, seed: int) -> list[Job]:
    """Of other files of a LoRA, as the calibration of `seed` uses them; none of a LoRA of one file."""
    return [file_job(study, lora, seed, label) for label in file_labels(study, lora)]


def ladder_seed(study: Study, seed: int) -> int:
    """The seed whose ladders calibrate `seed`."""
    stored = stored_ladder_seed(study)
    return seed if stored is None else stored


def ladder_points(study: Study, lora: str) -> list[Point]:
    """Lightest first; of all trigger words, the prompt has that LoRA's alone."""
    return [ladder_point(study, lora, share) for share in levels_of(study, lora)]


def ladder_point(study: Study, lora: str, share: float) -> Point:
    """One LoRA alone at a share of its upper bound."""
    top = study.spec.loras[lora].bounds[1]
    return Point({lora: round(share * top, 6)}, study.spec.render.cfg, study.plain_prompt(keep=lora))


def plain_point(study: Study) -> Point:
    """All searched LoRAs at 0 and the prompt without their trigger words."""
    return Point({}, study.spec.render.cfg, study.plain_prompt())
