"""The images of a report: which they are, how many are missing, and drawing them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from models.language.translate import phrase
from optimizer.evaluate.base import Evaluation
from optimizer.evaluate.stored_images import missing_images
from optimizer.point import Job, Point
from scorers.score.soundness import soundness_of
from studies.announce import announce
from studies.callback import Callback, image_counter
from studies.lora_report.models import WITHOUT_TEXT, ReportStudy
from studies.references.close_ups import close_ups_lacking, draw_close_ups

TRIED: Final = 8
"""Seeds of which those with a sound plain image are sought."""
Weights = Mapping[str, float]
Key = tuple[object, ...]


@dataclass(frozen=True)
class Drawing:
    """Jobs of one report's study. All are drawn as a ladder's are: in batches where a device draws several faster."""

    study: ReportStudy
    seeds: Sequence[int]

    def job(self, seed: int, weights: Weights, kept: Sequence[str]) -> Job:
        """LoRAs at weights, with the words of `kept` in the prompt. A point without any prompt would mean that of the study."""
        return Job(seed, Point(weights, self.study.spec.render.cfg, self.study.prompt_of(kept) or " "))

    def plain(self, seed: int) -> Job:
        """All LoRAs at 0, none of their words."""
        return self.job(seed, {}, [])

    def alone(self, seed: int, name: str, weight: float) -> Job:
        """One LoRA with its words; at 0 its words alone."""
        return self.job(seed, {name: weight} if weight else {}, [name])

    def without_text(self, seed: int, name: str, weight: float) -> Job:
        """The same without what it adds to the text encoders."""
        return self.job(seed, {f"{name}{WITHOUT_TEXT}": weight}, [name])

    def together(self, seed: int, weights: Weights) -> Job:
        """Several with all of their words."""
        return self.job(seed, weights, list(weights))

    def missing(self, jobs: Sequence[Job]) -> int:
        return len(missing_images(self.study.evaluator, jobs))

    def evaluations(self, jobs: Sequence[Job]) -> list[Evaluation]:
        """In the order of the jobs."""
        return list(self.study.evaluator.evaluate_all(jobs))

    def draw(self, stage: str, jobs: Sequence[Job], callback: Callback) -> list[Evaluation]:
        """In the order of the jobs; equal ones are drawn once."""
        unique = list({_key(job): job for job in jobs}.values())
        found: dict[Key, Evaluation] = {}
        with callback.progress(stage) as advance:
            drawn = image_counter(advance, len(unique))
            for job, evaluation in zip(unique, self.study.evaluator.evaluate_all(unique), strict=True):
                found[_key(job)] = evaluation
                drawn()
        return [found[_key(job)] for job in jobs]


def _key(job: Job) -> Key:
    return job.seed, job.point.key()


@dataclass(frozen=True)
class Ladders:
    """The plain image of every seed, and every file's images by weight, 0 first."""

    plain: Mapping[int, Evaluation]
    steps: Mapping[str, Mapping[float, Sequence[Evaluation]]]


def announce_report(drawing: Drawing, jobs: Sequence[Job], later: int, callback: Callback) -> None:
    """`later` is how many more images at most follow from what the ladders show."""
    close_ups = len(close_ups_lacking(drawing.study))
    announce(drawing.study, callback, phrase("LoRA report"), drawing.missing(jobs) + close_ups + later)


def sound_seeds(drawing: Drawing, count: int, callback: Callback) -> list[int]:
    """Seeds whose plain image is sound, of those that scouting draws; where too few are, the soundest of `TRIED`."""
    seeds = drawing.study.spec.scout_seeds(TRIED)
    jobs = [drawing.plain(seed) for seed in seeds]
    announce(drawing.study, callback, phrase("seeds"), drawing.missing(jobs))
    found: list[tuple[tuple[float, ...], int]] = []
    for seed, job in zip(seeds, jobs, strict=True):
        (image,) = drawing.study.evaluator.evaluate_all([job])
        found.append((soundness_of(image.observation).rank, seed))
        if sum(rank[0] == 0 for rank, _ in found) == count:
            break
    return [seed for _, seed in sorted(found)[:count]]


def ladder_jobs(drawing: Drawing, weights: Mapping[str, Sequence[float]]) -> list[Job]:
    """`weights` are by LoRA, those above 0."""
    plain = [drawing.plain(seed) for seed in drawing.seeds]
    steps = [drawing.alone(seed, name, w) for name, found in weights.items() for w in (0.0, *found) for seed in drawing.seeds]
    return [*plain, *steps]


def draw_ladders(drawing: Drawing, weights: Mapping[str, Sequence[float]], callback: Callback) -> Ladders:
    """Also close-ups of LoRAs that nothing else shows."""
    draw_close_ups(drawing.study, lambda: None)
    jobs = ladder_jobs(drawing, weights)
    drawn = iter(drawing.draw(phrase("ladders"), jobs, callback))
    # In the order of `ladder_jobs`.
    plain = {seed: next(drawn) for seed in drawing.seeds}
    steps = {name: {w: [next(drawn) for _ in drawing.seeds] for w in (0.0, *found)} for name, found in weights.items()}
    return Ladders(plain, steps)
