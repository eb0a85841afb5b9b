"""Which problems there are: landscapes that ship or are made up, at several levels of what is required."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from models.errors import InputError
from optimizer.testing.fake_landscape import NAMES, sound_seeds
from optimizer.testing.landscape import Landscape, Problem, read_landscape
from scorers.score.drift import DRIFT
from scorers.score.hands import HANDS

LEVELS: Final = (0.5, 0.6, 0.7, 0.8, 0.9)
BLENDED: Final = (0.1, 0.2, 0.3, 0.35, 0.4)
"""Of more than three LoRAs: two garments share one body, and neither shows as it does alone."""
MISS: Final = 200
"""Images that a run without a pick counts as."""
EARLIER: Final = 3
"""Seeds that a later one learns from, at most."""
HANDS_TOLERANCE: Final = 0.3
"""How much worse than at the start the hands may be."""
DEVELOPMENT, FINAL = range(8), range(100, 106)
"""Numbers of made-up studies."""
MORE_NAMES: Final = ("hat", "bag")
COARSE: Final = 6
"""Values of a weight in a made-up landscape of many LoRAs; scores between them are interpolated."""
FIRST_FINAL: Final = 2
"""Of a study's drawn landscapes, in scouting's order, those before it are to tune on."""


@dataclass(frozen=True)
class Case:
    """A seed to be searched, and other seeds of the same LoRAs at the same level."""

    name: str
    problem: Problem
    earlier: tuple[Problem, ...]

    @property
    def label(self) -> str:
        """Tells a landscape with CFG from its plane."""
        varied = self.problem.landscape.cfgs
        return f"{self.name} at {len(varied)} CFG" if varied else self.name

    @property
    def level(self) -> float:
        return next(iter(self.problem.require.values()))


def made_up(development: bool, quick: bool) -> list[Case]:
    studies = list(DEVELOPMENT if development else FINAL)[: 3 if quick else None]
    found = []
    for study in studies:
        seeds = sound_seeds(study, EARLIER + 1)
        levels = LEVELS[1:4] if quick else LEVELS
        found += cases_of(f"made up {study}", seeds[-1], seeds[:-1], levels, 0.6 if study % 2 else None)
    return found


def lora_names(count: int) -> tuple[str, ...]:
    """Raises InputError for a count that landscapes are not made up of."""
    most = len(NAMES) + len(MORE_NAMES)
    if not len(NAMES) <= count <= most:
        raise InputError(f"no landscapes are made up of {count} LoRAs", "--made-up", f"give {len(NAMES)} to {most}")
    return (*NAMES, *MORE_NAMES)[:count]


def made_up_of(names: tuple[str, ...]) -> list[Case]:
    """Two levels of each study for reports, so many LoRAs each, every one with a ladder of one image."""
    found = []
    for study in FINAL:
        (seed,) = sound_seeds(study, 1, names, levels=COARSE)
        seed = replace(seed, calibration_images=1 + len(names))
        found += cases_of(f"made up {study}, {len(names)} LoRAs", seed, (), LEVELS[:3:2], None)
    return found


def drawn(folder: Path, development: bool, quick: bool, plane: bool) -> list[Case]:
    """By scout order: a study's first two are for development. Earlier seeds are those before it, with the same LoRAs."""
    read = ((read_landscape(p), p.stem) for p in folder.glob("*.npz"))
    named = sorted(((table.plane() if plane else table, name) for table, name in read), key=lambda pair: (pair[0].order, pair[1]))
    if not named:
        mend = "draw some (python -m benchmarks.search.draw_landscapes), or --synthetic"
        raise InputError("no landscape is here", folder, mend)
    found = []
    for seed, name in named:
        if (seed.order < FIRST_FINAL) == development:
            before = [table for table, _ in named if table.order < seed.order and table.made_of == seed.made_of]
            levels = BLENDED if len(seed.levels) > len(NAMES) else LEVELS
            found += cases_of(name, seed, before[-EARLIER:], levels[1:4] if quick else levels, None)
    return found


def cases_of(
    name: str, seed: Landscape, earlier: Sequence[Landscape], levels: Sequence[float], drift: float | None
) -> list[Case]:
    at_most = {} if drift is None else {DRIFT.name: drift}

    def at(landscape: Landscape, level: float) -> Problem:
        return Problem(landscape, dict.fromkeys(landscape.levels, level), {HANDS.name: HANDS_TOLERANCE}, at_most)

    return [Case(name, at(seed, level), tuple(at(other, level) for other in earlier)) for level in levels]
