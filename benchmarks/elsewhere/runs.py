"""One study, scouted, locked and run as a user does, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from studies.paperdoll.world.products import FEATURES, OUTFIT
from studies.paperdoll.world.truth import features_shown
from studies.pipeline import run_study, scout_study
from studies.run.scouting import lock
from studies.study import open_study

SCOUTED = 8


@dataclass(frozen=True)
class Ran:
    """What a study found at one seed."""

    name: str
    seed: int
    images: int
    """Files of the image cache: everything that was drawn."""
    seconds: float
    """From the first image to the last, observing and searching included."""
    weights: Mapping[str, float]
    """Of the pick; empty if there is none."""
    proof: str
    features: tuple[int, int]
    """Of the three products that the pick shows by the world's truth, and of how many."""
    start: Path
    """The picture at the start weights."""
    pick: Path | None

    @property
    def seconds_per_image(self) -> float:
        return self.seconds / max(1, self.images)

    def figures(self) -> dict[str, Any]:
        return {
            "images": self.images,
            "seconds_per_image": round(self.seconds_per_image, 3),
            "weights": dict(self.weights),
            "proof": self.proof,
            "true_features": self.features[0],
        }


def run_study_in(folder: Path, name: str, seed: int | None, trials: int | None) -> Ran:
    """Scouts if no seed is given, locks the soundest one, and runs it."""
    study = open_study(folder)
    study.workspace.make()
    began = time.monotonic()
    if seed is None:
        seed = scout_study(study, SCOUTED).ranked[0].seed
    lock(study, [seed])
    (outcome,) = run_study(study, [seed], trials=trials)
    seconds = time.monotonic() - began
    pick = outcome.record(outcome.pick).image if outcome.pick else None
    names = [feature for product in OUTFIT for feature in FEATURES[product]]
    shown = features_shown(Image.open(pick)) if pick else {}
    return Ran(
        name,
        seed,
        len(list(study.workspace.images.glob("*.png"))),
        seconds,
        dict(outcome.pick.point.weights) if outcome.pick else {},
        "complete" if outcome.proof and outcome.proof.complete else "open",
        (sum(bool(shown.get(feature)) for feature in names), len(names)),
        study.evaluator.evaluate(seed, study.start).image,
        pick,
    )


def mean_difference(one: Path, other: Path) -> float:
    """Of two pictures, in levels of 255."""
    a, b = (np.asarray(Image.open(path).convert("RGB"), np.float32) for path in (one, other))
    return float(np.abs(a - b).mean())
