"""How many images of a seed are left at most, and how long they take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from studies.callback import SeedPlan, TrialEvent

WINDOW: Final = 8
"""Intervals between images that the pace is averaged over."""


@dataclass
class Estimate:
    """Starts from the plan's seconds an image, and follows the last images as soon as there are two."""

    plan: SeedPlan
    clock: Callable[[], float] = time.monotonic
    images_left: int = 0
    _calibrated: int = 0
    _ends: deque[float] = field(default_factory=lambda: deque(maxlen=WINDOW + 1))
    """When images were there: scored, not only drawn."""
    _counts: deque[int] = field(default_factory=lambda: deque(maxlen=WINDOW))
    """How many images each interval took."""

    def __post_init__(self) -> None:
        self.images_left = self.plan.left
        self._ends.append(self.clock())

    def on_calibration_image(self) -> None:
        """Stored images come too, and at once: what is left is never more than what follows."""
        self._calibrated += 1
        plan = self.plan
        follow = max(0, plan.calibration - self._calibrated) + max(0, plan.budget - plan.trials_stored)
        self._drawn(min(self.images_left, follow))

    def on_trial(self, event: TrialEvent) -> None:
        self._drawn(max(0, event.budget - event.count))

    def _drawn(self, left: int) -> None:
        if left < self.images_left:
            self._ends.append(self.clock())
            self._counts.append(self.images_left - left)
        else:
            self._ends[-1] = self.clock()
        self.images_left = left

    @property
    def seconds_left(self) -> float:
        each = self.plan.seconds_per_image
        if len(self._ends) > 2:
            each = (self._ends[-1] - self._ends[0]) / sum(self._counts)
        return self.images_left * each
