"""What judging stored trials again and again does to memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass

from benchmarks.faults.killed import study_at


def replays(folder: Path, trials: int) -> dict[str, Any]:
    """Judges the trials of a stored study again and again: resident memory after a tenth of them, and at the end."""
    import gc

    import psutil

    from studies.run.calibration import calibrate
    from studies.run.trials import stored_outcome
    from studies.testing.lab_study import run

    stored = len(run(study_at(folder), budget=100).trials)

    def replay() -> None:
        study = study_at(folder)
        judge = calibrate(study, 7).judge
        stored_outcome(study, 7, judge)

    rounds = -(-trials // stored)
    sizes = []
    for _ in range(rounds):
        replay()
        gc.collect()
        sizes.append(psutil.Process().memory_info().rss)
    early, late = sizes[rounds // 10], sizes[-1]
    return {"replayed_trials": rounds * stored, "memory_mb": round(late / 2**20), "memory_growth": round(late / early - 1, 4)}
