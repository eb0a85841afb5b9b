"""Replays of landscapes: which problems there are, and one run of one search on one of them. Nothing is drawn."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from yardsticks import FORMS, images_to_pick

from models.errors import InputError
from optimizer.point import Point
from optimizer.search.judged import Judged, best, nearest
from optimizer.search.least_weight.acquisition import LeastWeight, choose_batch
from optimizer.search.least_weight.transfer_prior import priors_from
from optimizer.search.proof import proof_of
from optimizer.search.space import Space
from optimizer.search.strategy import next_proposal
from optimizer.testing.fake_landscape import sound_seeds
from optimizer.testing.landscape import Landscape, Problem, read_landscape

LEVELS: Final = (0.5, 0.6, 0.7, 0.8, 0.9)
MISS: Final = 200
PLAIN: Final = 1
"""The image of the seed without LoRAs, which calibrates it."""
EARLIER: Final = 3
HANDS: Final = 0.3
BUDGET: Final = 40
"""Images that a search left alone may draw, as `search.trials` gives by default."""
BATCH: Final = 4
GP_MOST: Final = 40
"""Optuna's GP takes half a second an image: one that needs more counts as a miss."""
DEVELOPMENT, FINAL = range(8), range(100, 106)
"""Numbers of made-up studies."""
FIRST_FINAL: Final = 2
"""Of a study's drawn landscapes, in scouting's order, those before it are to tune on."""
OWN: Final = ("least-weight", "later", "fours", "staged")


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


def drawn(folder: Path, development: bool, quick: bool, plane: bool) -> list[Case]:
    """By scout order: a study's first two are for development. Earlier seeds are those before it, with the same LoRAs."""
    read = ((read_landscape(p), p.stem) for p in folder.glob("*.npz"))
    named = sorted(((held.plane() if plane else held, name) for held, name in read), key=lambda pair: (pair[0].order, pair[1]))
    if not named:
        mend = "draw some (python -m studies.paperdoll.make.landscapes), or --synthetic"
        raise InputError("no landscape is here", folder, mend)
    found = []
    for seed, name in named:
        if (seed.order < FIRST_FINAL) == development:
            before = [held for held, _ in named if held.order < seed.order and held.made_of == seed.made_of]
            found += cases_of(name, seed, before[-EARLIER:], LEVELS[1:4] if quick else LEVELS, None)
    return found


def cases_of(
    name: str, seed: Landscape, earlier: Sequence[Landscape], levels: Sequence[float], drift: float | None
) -> list[Case]:
    def at(held: Landscape, level: float) -> Problem:
        return Problem(held, dict.fromkeys(held.levels, level), HANDS, drift)

    return [Case(name, at(seed, level), tuple(at(other, level) for other in earlier)) for level in levels]


def run(search: str, form: str, case: Case, repetition: int) -> dict[str, Any]:
    """One run, as JSON values: images to the pick, and for the project's own search how it ended when left alone."""
    if search == "fours":
        return in_batches(case.problem, repetition)
    if search == "staged":
        return in_stages(case.problem, repetition)
    if search in OWN:
        return searched(case.problem, trials_of(case.earlier, repetition % 4) if search == "later" else [], repetition)
    most = GP_MOST if search == "gp" else MISS - PLAIN
    found = images_to_pick(case.problem, FORMS[search][form], repetition, [case.problem.start], most)
    return {"images": MISS if found is None else PLAIN + found}


def trials_of(earlier: Sequence[Problem], seed: int) -> list[list[Judged]]:
    """The trials of earlier seeds, each searched in turn with what those before it taught."""
    found: list[list[Judged]] = []
    for problem in earlier:
        held = problem.landscape
        key = (tuple(sorted(held.made_of.items())), held.seed, tuple(problem.require.values()), len(found), seed)
        if key not in _SEARCHED:
            _SEARCHED[key] = history_of(problem, found, LeastWeight(_priors(problem, found, seed), seed), [])
        found.append(_SEARCHED[key])
    return found


_SEARCHED: dict[tuple[object, ...], list[Judged]] = {}
"""Trials of earlier seeds, which many repetitions share."""


def searched(problem: Problem, earlier: list[list[Judged]], seed: int) -> dict[str, Any]:
    """To its own end; then, if it has no pick, on without one, as the yardsticks go on."""
    asks: list[float] = []
    sampler = LeastWeight(_priors(problem, earlier, seed), seed)
    history = history_of(problem, earlier, sampler, asks)
    found = {"own": to_pick(problem, history), "ask": max(asks), **end_of(problem, history)}
    if problem.optimum is not None and found["own"] == MISS:
        tireless = replace(sampler, worth=0.0, patience=MISS)
        while len(history) < MISS - PLAIN and not problem.is_pick(history[-1]):
            point = tireless.propose(problem.space, history)
            if point is None:
                break
            history.append(problem.judge(point))
    return {"images": to_pick(problem, history), **found}


def history_of(problem: Problem, earlier: list[list[Judged]], sampler: LeastWeight, asks: list[float]) -> list[Judged]:
    """A search to its own end, proof and all."""
    history: list[Judged] = []
    while True:
        began = time.perf_counter()
        proposal = next_proposal(problem.space, history, start=problem.start, budget=BUDGET, sampler=sampler, design=())
        asks.append(time.perf_counter() - began)
        if proposal is None:
            return history
        history.append(problem.judge(proposal.point))


def to_pick(problem: Problem, history: Sequence[Judged]) -> int:
    return next((PLAIN + i for i, judged in enumerate(history, 1) if problem.is_pick(judged)), MISS)


def end_of(problem: Problem, history: Sequence[Judged]) -> dict[str, Any]:
    pick = best(history)
    regret = None if pick is None or problem.optimum is None else round(pick.cost - problem.optimum, 6)
    proof = pick is not None and proof_of(problem.space, pick, history).complete
    return {"end": PLAIN + len(history), "feasible": pick is not None, "regret": regret, "proof": proof}


def in_batches(problem: Problem, seed: int) -> dict[str, Any]:
    """Four are drawn at once; the whole batch counts. `rounds` counts the plain image and the start as one."""
    space, priors = problem.space, _priors(problem, [], seed)
    history, rounds, thought = [problem.judge(problem.start)], 1, 0.0
    while not any(problem.is_pick(j) for j in history) and len(history) < MISS - PLAIN:
        began = time.perf_counter()
        batch = choose_batch(space, history, priors, BATCH, seed=seed)
        thought += time.perf_counter() - began
        if not batch:
            break
        history += [problem.judge(choice.point) for choice in batch]
        rounds += 1
    hit = any(problem.is_pick(j) for j in history)
    return {"images": PLAIN + len(history) if hit else MISS, "rounds": rounds if hit else MISS, "thought": thought}


def in_stages(problem: Problem, seed: int) -> dict[str, Any]:
    """As people do: garments first, the face at its start weight; then the face alone, the garments as found. To its own end."""
    history = [problem.judge(problem.start)]
    faces = [name for name in problem.space.weights if "face" in name] or list(problem.space.weights)[:1]
    garments = [name for name in problem.space.weights if name not in faces]
    for searched_now, others in ((garments, faces), (faces, garments)):
        told = [j for j in history if all(j.point.weights[n] == _nearest_to_all(history).weights[n] for n in others)]
        _stage(problem, searched_now, history, told, set(others) if searched_now is garments else set(), seed)
    return {"images": to_pick(problem, history)}


def _nearest_to_all(history: Sequence[Judged]) -> Point:
    return (best(history) or nearest(history)).point


def _stage(
    problem: Problem, names: list[str], history: list[Judged], told: Sequence[Judged], ignored: set[str], seed: int
) -> None:
    """Searches the weights `names` alone from `told`, whose other weights are alike, without the requirements `ignored`."""
    fixed = told[0].point.weights
    space = Space({n: problem.space.weights[n] for n in names}, problem.space.given_cfg)
    require = {n: v for n, v in problem.require.items() if n not in ignored}
    sampler = LeastWeight(priors_from(space, [], require=require, seed=seed), seed)
    seen = [_within(space, j, ignored) for j in told]
    while len(history) < BUDGET:
        proposal = next_proposal(space, seen, start=seen[0].point, budget=BUDGET, sampler=sampler, design=())
        if proposal is None:
            return
        judged = problem.judge(problem.space.point({**fixed, **proposal.point.weights}))
        history.append(judged)
        seen.append(_within(space, judged, ignored))


def _within(space: Space, judged: Judged, ignored: set[str]) -> Judged:
    point = space.point(judged.point.weights)
    return Judged(point, space.cost(point), {n: m for n, m in judged.violations.items() if n not in ignored})


def _priors(problem: Problem, earlier: list[list[Judged]], seed: int) -> Any:
    return priors_from(problem.space, earlier, require=problem.require, seed=seed)


@lru_cache
def sources() -> str:
    """Hash of the code that a stored run came from: runs of other code are not mixed with it."""
    root = Path(__file__).parent.parent
    names = "beliefs candidates coarse_to_fine earlier fake_landscape landscape least_weight monotone requirement search space"
    files = [*(root / "optimizer" / f"{name}.py" for name in names.split()), root / "benchmarks" / "replays.py"]
    return hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()[:12]


def yardstick_sources() -> str:
    root = Path(__file__).parent
    held = [root / "yardsticks.py", root / "ngopt.py", root.parent / "optimizer" / "landscape.py"]
    return hashlib.sha256(b"".join(f.read_bytes() for f in held)).hexdigest()[:12]
