"""Bodies that are wrong against bodies that only moved, and drift."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.scores.auc import auc
from benchmarks.scores.figures import (
    SEED,
    armless,
    see,
    side_by_side,
    spread,
)
from scorers.observe.parser_observer import ParserObserver
from scorers.score.body import body_faults
from scorers.score.drift import drift
from scorers.score.missing_hands import hands_lost
from studies.paperdoll.world.draw import draw
from studies.paperdoll.world.everyday import random_figure
from studies.paperdoll.world.figure import ARMS


def body_auc(observer: ParserObserver, count: int) -> dict[str, float]:
    """How many things are wrong compared with the locked image: a foot too many or too few, both arms gone, a second figure;
    against the same figure in other poses, or in another's clothes."""
    locked = [spread(i) for i in range(count)]
    before = see(observer, locked)

    def wrong(images: list[Image.Image]) -> list[float]:
        seen = observer.observe(images)
        return [float(len(body_faults(o, p, hands_lost(o, p, p)))) for o, p in zip(seen, before, strict=True)]

    def posed(**changed: Any) -> list[Image.Image]:
        return [draw(replace(f, pose=replace(f.pose, **changed))).image for f in locked]

    sound = [wrong(posed(arms=arms)) for arms in ARMS]
    sound.append(
        wrong([draw(replace(f, garment=g.garment, shoes=g.shoes)).image for f, g in zip(locked, locked[::-1], strict=True)])
    )
    errors = {
        "three_feet": wrong(posed(feet=3)),
        "one_foot": wrong(posed(feet=1)),
        "no_arms": wrong([armless(f) for f in locked]),
    }
    errors["two_people"] = wrong([side_by_side(f, g) for f, g in zip(locked, locked[::-1], strict=True)])
    none = [value for values in sound for value in values]
    found = {f"body_auc_{name}": auc(none, values) for name, values in errors.items()}
    return found | {"body_auc": auc(none, [value for values in errors.values() for value in values])}


def drift_auc(observer: ParserObserver, count: int) -> float:
    """Other poses (arms moved, or sitting) against the same pose in other clothes and with another face."""
    locked, others = [spread(i) for i in range(count)], [spread(1000 + i) for i in range(count)]
    drawn = (random_figure(np.random.default_rng((SEED, 2000 + i))).pose for i in itertools.count())
    poses = list(itertools.islice((pose for pose in drawn if pose.sitting or pose.arms != "arms spread"), count))
    before = see(observer, locked)
    same = see(observer, [replace(f, pose=locked[i].pose) for i, f in enumerate(others)])
    moved = see(observer, [replace(f, pose=poses[i]) for i, f in enumerate(locked)])
    low, high = ([drift(o, p) for o, p in zip(seen, before, strict=True)] for seen in (same, moved))
    return auc(low, high)
