"""The evaluator of a study with ControlNets: another evaluator, whose jobs are told the hints of their seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from optimizer.control.hints import Hints
from optimizer.evaluate.base import Evaluator
from optimizer.evaluate.completing_evaluator import CompletingEvaluator
from optimizer.point import Job


class SeedHints(Protocol):
    """What ControlNets are told at each seed."""

    def described(self) -> Mapping[str, str]:
        """By ControlNet, what its hint follows from at every seed, in words that change where the hint may."""
        ...

    def find(self, seed: int) -> Hints | None:
        """What is known of this seed without drawing anything; None where nothing is."""
        ...

    def of(self, seed: int) -> Hints:
        """May draw what the hints are read from. Raises InputError where nothing can be read in it."""
        ...


@dataclass(frozen=True)
class ControlledEvaluator(CompletingEvaluator):
    """An image on which no ControlNet acts is the one that `without` draws, and is shared with it."""

    without: Evaluator
    hints: SeedHints

    @property
    def inner(self) -> Evaluator:
        return self.without

    def identity(self) -> Mapping[str, Any]:
        return {**self.without.identity(), "controls": dict(self.hints.described())}

    def completed(self, job: Job) -> Job:
        on = job.point.acting_controls()
        return replace(job, hints=self.hints.of(job.seed).of(on)) if on else job

    def known(self, job: Job) -> Job | None:
        on = job.point.acting_controls()
        found = self.hints.find(job.seed) if on else None
        if on and found is None:
            return None
        return replace(job, hints=found.of(on)) if found is not None else job
