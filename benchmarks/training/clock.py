"""When optimiser steps end, and what a process took: alike for whoever trains. Imports nothing of this project, so that another
program's Python can time that program."""

from __future__ import annotations

import os
import resource
import runpy
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Clock:
    """When each optimiser step ended, by the wall and by this process's time on a processor: alike for whoever trains here."""

    wall: list[float] = field(default_factory=list)
    own: list[float] = field(default_factory=list)
    user: list[float] = field(default_factory=list)
    """Of `own` what the kernel did not take: pages that a full machine took away and gives back count there."""

    def started(self) -> Clock:
        from torch.optim.optimizer import register_optimizer_step_post_hook

        register_optimizer_step_post_hook(lambda *_: self._tick())
        return self

    def _tick(self) -> None:
        self.wall.append(time.perf_counter())
        self.own.append(time.process_time())
        self.user.append(os.times().user)

    def found(self) -> dict[str, float]:
        """Seconds a step, the first left out: it also holds what came before it."""
        steps = len(self.wall) - 1
        ends = {"wall": self.wall, "own": self.own, "user": self.user}
        return {name: (times[-1] - times[0]) / steps for name, times in ends.items()}


def peak_mb() -> float:
    """The peak resident memory of this process. getrusage is the last resort: its value starts at that of the parent process."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * (1024 if sys.platform == "darwin" else 1))


def timed_script(script: str, arguments: Sequence[str]) -> dict[str, Any]:
    """An unedited training script, as if it were started with `arguments`; its caching counts among its steps."""
    clock, sys.argv, began = Clock().started(), [script, *arguments], time.perf_counter()
    runpy.run_path(script, run_name="__main__")
    work = time.perf_counter() - began
    return {**clock.found(), "caching": 0.0, "peak_mb": peak_mb(), "steps": len(clock.wall), "work": work}
