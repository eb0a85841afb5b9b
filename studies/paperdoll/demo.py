"""The demo: photos -> LoRAs -> scouting -> one locked seed -> the smallest weights, on the lab's models.

Every step is the function behind the verb that a user's own study takes; only the photos and the study file are drawn and written
for it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.language.translate import phrase
from studies.callback import RunCallback

if TYPE_CHECKING:
    from studies.pipeline import RunLease
    from studies.run.outcome import Outcome
    from studies.study import Study
    from studies.tracking.base import Tracker


@dataclass(frozen=True)
class Demo:
    """What the demo made: its study, the outcome at the last seed that it ran, and the grid around the pick."""

    study: Study
    outcome: Outcome
    grid: Path


def run_demo(folder: Path, train: Collection[str], scout: int, trials: int, epochs: int | None, callback: RunCallback) -> Demo:
    """LoRAs in `train`, by their names in the study, are trained; the others are those that ship, of photos drawn alike.
    `scout` seeds are scouted, `trials` images searched a seed; `epochs` replaces the preset's passes over each training set.

    A second demo in the same folder goes on from the first.
    """
    from studies.paperdoll.study import COMPANIONS, OUTFITS
    from studies.paperdoll.trained_loras import lora_of, make_data, shipped_lora_of
    from studies.run.errors import one_line
    from studies.run.lease import only_runner
    from studies.study import open_study
    from studies.tracking.study_tracker import study_tracker

    make_data(folder, callback)
    settings = [f"plan.epochs={epochs}"] if epochs is not None else []
    made: dict[str, Path] = {}
    for outfit in OUTFITS:
        if outfit.name in train:
            companions = [made[name] for name in COMPANIONS[outfit.product]]
            made[outfit.product] = lora_of(outfit, folder, settings, companions, callback)
        else:
            made[outfit.product] = shipped_lora_of(outfit, folder, callback)
    study = open_study(folder)
    study.workspace.make()
    runner = only_runner(study.storage_url, study.spec.name, callback.message)
    with one_line(), runner as lease, study_tracker(study, callback) as tracker:
        outcome = _search(study, scout, trials, tracker, callback, lease)
        return Demo(study, outcome, _grid(study, outcome, tracker, callback))


def _search(study: Study, seeds: int, trials: int, tracker: Tracker, callback: RunCallback, lease: RunLease) -> Outcome:
    """Scouts, locks and runs the soundest seed, or the next where nothing is feasible."""
    from studies.pipeline import run_seeds_together, scout_study
    from studies.run.scouting import lock

    ranked, _ = scout_study(study, seeds, tracker=tracker, callback=callback)
    for seed in _candidates(study, [s.seed for s in ranked]):
        lock(study, [seed])
        callback.message(phrase("locked seed {seed}", seed=seed))
        (outcome,) = run_seeds_together(study, [seed], trials, tracker, callback, lease, blurred=True)
        if outcome.pick is not None or callback.stop_asked():
            break
    return outcome


def _candidates(study: Study, ranked: Sequence[int]) -> list[int]:
    """The seeds that are locked already, then the soundest: as many as the study keeps."""
    from studies.run.scouting import locked_seeds
    from studies.spec import SeedsSection

    keep = study.spec.seeds.keep if isinstance(study.spec.seeds, SeedsSection) else len(study.spec.seeds)
    return list(dict.fromkeys([*locked_seeds(study), *ranked]))[:keep]


def _grid(study: Study, outcome: Outcome, tracker: Tracker, callback: RunCallback) -> Path:
    from optimizer.evaluate.stored_images import missing_images
    from studies.announce import announce
    from studies.grid.axes import WeightAxis
    from studies.grid.draw import draw_grid
    from studies.grid.grid import Grid
    from studies.run.calibration import load_calibration

    judge = load_calibration(study, outcome.seed).judge
    centre = outcome.pick.point if outcome.pick else study.start
    dress, shoes = (WeightAxis(name, _around(study, name, centre.weights[name])) for name in ("dress", "shoes"))
    grid = Grid(outcome.seed, centre, dress, shoes)
    announce(study, callback, phrase("grid {axes}", axes="dress x shoes"), len(missing_images(study.evaluator, grid.jobs())))
    return draw_grid(study, {outcome.seed: judge}, grid, tracker, callback).path


def _around(study: Study, name: str, weight: float) -> tuple[float, ...]:
    """The weight, and two steps below and above it."""
    axis = study.space.weights[name]
    return tuple(dict.fromkeys(axis.snap(weight + k * axis.step) for k in (-2, 0, 2)))
