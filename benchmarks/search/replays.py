"""One run of one search on one problem. Nothing is drawn."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from benchmarks.search.cases import MISS, Case
from benchmarks.search.yardsticks import FORMS, images_to_pick
from optimizer.point import Point
from optimizer.search.judged_point import Judged, best, nearest
from optimizer.search.least_weight.sampler import LeastWeight
from optimizer.search.least_weight.transfer_prior import priors_from
from optimizer.search.proof import proof_of
from optimizer.search.space import Space
from optimizer.search.strategy import SearchSettings, next_proposal, next_proposals
from optimizer.testing.landscape import Problem

PLAIN: Final = 1
"""The image of the seed without LoRAs, which calibrates it."""
BUDGET: Final = 40
"""Images that a search left alone may draw, as `search.trials` gives by default."""
BATCH: Final = 4
GP_MOST: Final = 40
"""Optuna's GP takes half a second an image: one that needs more counts as a miss."""
OWN: Final = ("least-weight", "later", "fours", "staged")


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
        landscape = problem.landscape
        key = (tuple(sorted(landscape.made_of.items())), landscape.seed, tuple(problem.require.values()), len(found), seed)
        if key not in _SEARCHED:
            _SEARCHED[key] = history_of(problem, sampler_for(problem, found, seed), [])
        found.append(_SEARCHED[key])
    return found


_SEARCHED: dict[tuple[object, ...], list[Judged]] = {}
"""Trials of earlier seeds, which many repetitions share."""


def sampler_for(problem: Problem, earlier: list[list[Judged]], seed: int) -> LeastWeight:
    return LeastWeight(priors_from(problem.space, earlier, require=problem.require, seed=seed), seed)


def endless(sampler: LeastWeight) -> LeastWeight:
    """The same sampler, which goes on while a point is left."""
    return replace(sampler, endless=True)


def searched(problem: Problem, earlier: list[list[Judged]], seed: int) -> dict[str, Any]:
    """To its own end; then, if it has no pick, on without one, as the yardsticks go on."""
    seconds: list[float] = []
    sampler = sampler_for(problem, earlier, seed)
    history = history_of(problem, sampler, seconds)
    found = {"own": to_pick(problem, history), "ask": max(seconds), **end_of(problem, history)}
    if problem.optimum is not None and found["own"] == MISS:
        while len(history) < MISS - PLAIN and not problem.is_pick(history[-1]):
            point = endless(sampler).propose(problem.space, history)
            if point is None:
                break
            history.append(problem.judge(point))
    return {"images": to_pick(problem, history), **found}


def history_of(problem: Problem, sampler: LeastWeight, seconds: list[float]) -> list[Judged]:
    """A search to its own end, proof and all; `seconds` receives the time that each choice took."""
    history, settings = list[Judged](), SearchSettings(problem.start, BUDGET)
    while True:
        began = time.perf_counter()
        proposal = next_proposal(problem.space, history, settings, sampler)
        seconds.append(time.perf_counter() - began)
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
    """Four are drawn at once, as a study with `search.batch: 4` draws them; the whole batch counts. To its own end; then, if it
    has no pick, on without one. `rounds` counts the plain image and the start as one."""
    sampler = sampler_for(problem, [], seed)
    history, rounds, seconds = [problem.judge(problem.start)], 1, 0.0
    for trying, budget in ((sampler, BUDGET), (endless(sampler), MISS - PLAIN)):
        settings = SearchSettings(problem.start, budget)
        while to_pick(problem, history) == MISS:
            began = time.perf_counter()
            batch = next_proposals(problem.space, history, settings, trying, BATCH)
            seconds += time.perf_counter() - began
            if not batch:
                break
            history += [problem.judge(proposal.point) for proposal in batch]
            rounds += 1
    hit = to_pick(problem, history) != MISS
    return {"images": PLAIN + len(history) if hit else MISS, "rounds": rounds if hit else MISS, "thought": seconds}


def in_stages(problem: Problem, seed: int) -> dict[str, Any]:
    """As people do: garments first, the face at its start weight; then the face alone, the garments as found. To its own end."""
    history = [problem.judge(problem.start)]
    faces = [name for name in problem.space.weights if "face" in name] or list(problem.space.weights)[:1]
    garments = [name for name in problem.space.weights if name not in faces]
    for searched_now, others in ((garments, faces), (faces, garments)):
        usable = [j for j in history if all(j.point.weights[n] == _nearest_to_all(history).weights[n] for n in others)]
        _stage(problem, searched_now, history, usable, set(others) if searched_now is garments else set(), seed)
    return {"images": to_pick(problem, history)}


def _nearest_to_all(history: Sequence[Judged]) -> Point:
    return (best(history) or nearest(history)).point


def _stage(
    problem: Problem, names: list[str], history: list[Judged], usable: Sequence[Judged], ignored: set[str], seed: int
) -> None:
    """Searches the weights `names` alone from `usable`, whose other weights are alike, without the constraints `ignored`."""
    fixed = usable[0].point.weights
    space = Space({n: problem.space.weights[n] for n in names}, problem.space.given_cfg)
    require = {n: v for n, v in problem.require.items() if n not in ignored}
    sampler = LeastWeight(priors_from(space, [], require=require, seed=seed), seed)
    seen = [_within(space, j, ignored) for j in usable]
    settings = SearchSettings(seen[0].point, BUDGET)
    while len(history) < BUDGET:
        proposal = next_proposal(space, seen, settings, sampler)
        if proposal is None:
            return
        judged = problem.judge(problem.space.point({**fixed, **proposal.point.weights}))
        history.append(judged)
        seen.append(_within(space, judged, ignored))


def _within(space: Space, judged: Judged, ignored: set[str]) -> Judged:
    point = space.point(judged.point.weights)
    return Judged(point, space.cost(point), {n: m for n, m in judged.violations.items() if n not in ignored})
