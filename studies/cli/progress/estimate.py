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
"""Intervals between trials that the pace is averaged over."""


@dataclass
class Estimate:
    """Starts from the plan's seconds an image, and follows the last trials as soon as there are two."""

    plan: SeedPlan
    clock: Callable[[], float] = time.monotonic
    images_left: int = 0
    _trial_ends: deque[float] = field(default_factory=lambda: deque(maxlen=WINDOW + 1))

    def __post_init__(self) -> None:
        self.images_left = self.plan.images

    def on_calibration_image(self) -> None:
        self.images_left -= 1

    def on_trial(self, event: TrialEvent) -> None:
        self.images_left = max(0, event.budget - event.count)
        self._trial_ends.append(self.clock())

    @property
    def seconds_left(self) -> float:
        each = self.plan.seconds_per_image
        if len(self._trial_ends) > 1:
            each = (self._trial_ends[-1] - self._trial_ends[0]) / (len(self._trial_ends) - 1)
        return self.images_left * each
