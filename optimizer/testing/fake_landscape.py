"""Landscapes that cost nothing, for tests and for tuning a search: the shapes that docs/lab.md reports, without pictures.

Expression rises in jumps, one a feature, at weights that lie higher the more the other LoRAs weigh; it declines past a best
weight. The scores of the image as a whole worsen with the load, past a point that differs from seed to seed. Every score is
rough. What a study's LoRAs are like is drawn from `study`, what differs from seed to seed from both numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.testing.landscape import Landscape
from scorers.score.body import BODY
from scorers.score.calibration import Calibration
from scorers.score.drift import DRIFT
from scorers.score.hands import HANDS

NAMES: Final = ("face", "dress", "shoes")
SOUND: Final = 0.3
"""Hands that scouting calls whole."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Trained:
    """How far a LoRA was trained: what one unit of its weight shows and spoils, where a whole training has 1."""

    shows: float = 1.0
    spoils: float = 1.0


UNTOLD: Final[Mapping[str, Trained]] = MappingProxyType({})


def fake_landscape(
    study: int, seed: int, names: tuple[str, ...] = NAMES, levels: int = 11, trained: Mapping[str, Trained] = UNTOLD
) -> Landscape:
    """One seed of a made-up study; the same for the same numbers. `trained` is by LoRA."""
    common, own = np.random.default_rng((study, 0)), np.random.default_rng((study, 1, seed))
    axis = tuple(round(float(v), 6) for v in np.linspace(0, 1, levels))
    grid = np.stack(np.meshgrid(*[axis] * len(names), indexing="ij"))
    told = [trained.get(name, Trained()) for name in names]
    shown = np.stack([one.shows * weights for one, weights in zip(told, grid, strict=True)])
    pulls = common.uniform(0.0, 0.18, (len(names), len(names))) * own.uniform(0.7, 1.3, (len(names), len(names)))
    loads = common.uniform(0.7, 1.3, len(names))
    rough = common.uniform(0.02, 0.08)
    raw, start = {}, {}
    for i, name in enumerate(names):
        at = common.uniform(0.15, 0.45) + np.concatenate([[0.0], common.uniform(0.0, 0.4, common.integers(2, 5))])
        start[name] = round(float(np.clip(np.median(at) + common.normal(0.1, 0.15), 0.2, 0.9)), 1)
        pulled = shown[i] - sum(pulls[i, j] * shown[j] for j in range(len(names)) if j != i)
        raw[name] = _expression(pulled, shown[i], at, common, own) + _rough(grid, own, rough)
    load = np.tensordot(loads * [one.spoils for one in told], grid, axes=1) * 3 / len(names)
    hands_at, body_at = common.uniform(2.0, 2.8) + own.normal(0, 0.25), common.uniform(2.4, 3.2) + own.normal(0, 0.2)
    hands = (
        own.uniform(0.0, 0.15)
        + _step(load - hands_at, own.uniform(0.08, 0.2)) * own.uniform(0.5, 0.85)
        + _rough(grid, own, rough)
    )
    body = (_step(load - body_at, 0.1) + _rough(grid, own, 0.08) > 0.5).astype(np.float32)
    drift = (load / common.uniform(2.6, 4.0)) ** 2 * own.uniform(0.7, 1.3) + _rough(grid, own, 0.03)
    return Landscape(
        seed=seed,
        levels=dict.fromkeys(names, axis),
        raw={name: np.clip(r, 0, 1).astype(np.float32) for name, r in raw.items()},
        whole={
            HANDS.name: np.clip(hands, 0, 1).astype(np.float32),
            BODY.name: body,
            DRIFT.name: np.maximum(drift, 0).astype(np.float32),
        },
        calibrations=dict.fromkeys(names, Calibration(0.1, 0.8, 0.02, 0.9)),
        start=start,
        made_of={"study": str(study)},
    )


def sound_seeds(study: int, count: int, names: tuple[str, ...] = NAMES, levels: int = 11) -> list[Landscape]:
    """The first seeds whose figure is whole at the start weights: what scouting keeps."""
    found, seed = list[Landscape](), 0
    while len(found) < count:
        made = fake_landscape(study, seed, names, levels)
        at = made.at(made.space.point(made.start))
        if made.whole[HANDS.name][at] <= SOUND and made.whole[BODY.name][at] == 0:
            found.append(made)
        seed += 1
    return found


def _expression(pulled: Floats, weight: Floats, at: Floats, common: np.random.Generator, own: np.random.Generator) -> Floats:
    """Raw similarity in about [0.1, 0.85]: a jump a feature, all later or earlier by what the seed gives, then a decline."""
    shift = own.normal(0, 0.08)
    widths = common.uniform(0.015, 0.05, len(at))
    shares = common.uniform(0.6, 1.4, len(at))
    risen = sum(
        share * own.uniform(0.85, 1.1) * _step(pulled - place - shift - own.normal(0, 0.03), width)
        for place, width, share in zip(at, widths, shares / shares.sum(), strict=True)
    )
    past = np.maximum(weight - common.uniform(0.75, 1.0), 0)
    return np.asarray(0.1 + 0.75 * risen - common.uniform(0.2, 0.8) * past)


def _step(x: Floats, width: float) -> Floats:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x / width)))


def _rough(grid: Floats, own: np.random.Generator, sd: float) -> Floats:
    """Half waves of random directions, half noise from point to point."""
    waves = own.normal(0, 6, (12, len(grid)))
    slow = np.cos(np.tensordot(waves, grid, axes=1) + own.uniform(0, 2 * np.pi, (12,) + (1,) * len(grid))).sum(axis=0) / np.sqrt(
        6
    )
    return np.asarray(sd * (slow + own.normal(0, 1, grid.shape[1:])) / np.sqrt(2))
