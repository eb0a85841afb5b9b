"""Made-up studies in which one LoRA has several files, its epochs: an early one needs more weight, a late one spoils more.

Each file has a landscape of its own (fake_landscape.py). What is required is the same at all of them: their scores are calibrated
alike, and what a score may be above the start is counted from the start image, which the last file draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Protocol

from optimizer.point import Point
from optimizer.search.judged_point import Judged
from optimizer.search.space import Space
from optimizer.testing.fake_landscape import Trained, fake_landscape
from optimizer.testing.landscape import Landscape, Problem
from scorers.score.hands import HANDS

LORA: Final = "dress"
"""The one that has several files."""
LEAST: Final = 0.3
"""How far the first file was trained, where the last was by 1."""


class Judges(Protocol):
    """A problem of single files, such as `optimizer.testing.landscape.Problem`."""

    @property
    def space(self) -> Space: ...

    @property
    def start(self) -> Point: ...

    def judge(self, point: Point) -> Judged: ...


def trained_to(share: float) -> Trained:
    """What a LoRA trained so far shows and spoils by a unit of weight: it learns its thing early, and spoils late."""
    return Trained(shows=min(1.1, 0.4 + 0.75 * share**0.6), spoils=0.35 + 1.4 * share**2.5)


def fake_epochs(study: int, seed: int, count: int, levels: int = 11) -> dict[str, Landscape]:
    """The landscape of each file of `LORA`, by its label, the earliest first."""
    shares = {f"{LORA}-{e + 1:06d}": LEAST + (1 - LEAST) * e / (count - 1) for e in range(count - 1)} | {LORA: 1.0}
    return {
        label: fake_landscape(study, seed, levels=levels, trained={LORA: trained_to(share)}) for label, share in shares.items()
    }


def epoch_problems(landscapes: Mapping[str, Landscape], required: float, hands: float = 0.15) -> dict[str, Problem]:
    """What is asked of each file: the hands may be worse than in the last file's start image by `hands`."""
    last = landscapes[LORA]
    at_start = float(last.whole[HANDS.name][last.at(last.space.point(last.start))])
    limits = {HANDS.name: min(1.0, at_start + hands)}
    return {label: Problem(one, dict.fromkeys(one.levels, required), at_most=limits) for label, one in landscapes.items()}


@dataclass(frozen=True)
class EpochProblem:
    """The problems of the files of `LORA` as one, over a space that has its files as an axis."""

    files: Mapping[str, Judges]
    """By label, the last one last."""

    @cached_property
    def space(self) -> Space:
        return replace(self.last.space, files={LORA: tuple(self.files)})

    @property
    def last(self) -> Judges:
        return list(self.files.values())[-1]

    @property
    def start(self) -> Point:
        return self.last.start

    def judge(self, point: Point) -> Judged:
        judged = self.files[self.space.files_of(point)[LORA]].judge(replace(point, files={}))
        return replace(judged, point=point, cost=self.space.cost(point))
