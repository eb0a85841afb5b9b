"""How near a person's answers bring the levels: simulated persons before the pictures that searches of the landscapes drew.

    python -m benchmarks.levels [--quick] [--persons N] [--pictures 2]

Each study is two seeds of the same LoRAs, searched at the default requirement of 0.7 (benchmarks/search/landscapes); its pictures
are those that such a search draws, ladders and plain image included; `--draw` adds those that `huanhua levels --draw` would
draw. A person has a true level for each LoRA, even in [0.4, 0.95], and sees each picture off from its score by a normal error,
always the same for the same picture; 3 answers in 100 are a toss-up. "apart" is that error's standard deviation: how far eye and
score disagree.

Prints a table for people and, as its last line, one JSON object: questions asked of at most 8 for all LoRAs, the median of
|error| and what nine in ten stay within, and in how many cases the interval, said to be 90% sure, holds the truth. "near" counts
levels that lie where pictures within 0.05 on both sides show them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.search.all_in import least_weight, searched
from benchmarks.search.cases import drawn
from benchmarks.search.refined import Refined
from optimizer.point import Point
from scorers.levels.gaps import widest_of_all, with_ends
from scorers.levels.psychometric import Answer, level_of, posteriors
from scorers.levels.questions import MOST, SHOWN, next_question

LANDSCAPES: Final = Path(__file__).parents[1] / "search" / "landscapes"
REQUIRED: Final = 0.7
SEEDS: Final = 2
"""Of a study, as `seeds.keep` has it by default."""
TRUE: Final = (0.4, 0.95)
APART: Final = (0.02, 0.05, 0.1)
HEADLINE: Final = 0.05
SLIPS: Final = 0.03
NEAR: Final = 0.05
SHOWS: Final = 0.3
"""A LoRA that no picture shows more of is not asked about."""
Pictures = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Told:
    """One LoRA of one person."""

    error: float
    half_width: float
    held: bool
    """Whether the interval holds the truth."""
    near: bool
    """Whether pictures show the level."""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="5 persons a study")
    options.add_argument("--persons", type=int, default=40, help="a study")
    options.add_argument("--pictures", type=int, default=SHOWN, help="of a question")
    options.add_argument("--draw", type=int, default=0, help="pictures drawn for the questions, at the first seed of a study")
    given = options.parse_args()
    studies, report = list(pictures_of_studies(given.draw)), {}
    print(f"{len(studies)} studies of {SEEDS} seeds, {given.pictures} pictures a question")
    print(f"{'apart':>6} {'questions':>10} {'|error|':>8} {'90%':>6} {'near':>6} {'90%':>6} {'interval':>9} {'holds':>6}")
    for apart in APART:
        rng = np.random.default_rng(0)
        persons = 5 if given.quick else given.persons
        asked, told = zip(*(simulated(s, apart, rng, given.pictures) for s in studies for _ in range(persons)), strict=True)
        found = summary(asked, [one for person in told for one in person])
        report[f"{apart:g}"] = found
        row = f"{apart:>6} {found['questions']:>6.1f} of {MOST} {found['error_median']:>7.3f} {found['error_p90']:>6.3f}"
        row += f" {found['near_median']:>6.3f} {found['near_p90']:>6.3f} {found['half_width']:>9.3f} {found['holds']:>6.2f}"
        print(row)
    print(json.dumps({**report[f"{HEADLINE:g}"], "by_noise": report}))


def pictures_of_studies(most: int) -> Iterator[Pictures]:
    """By study and LoRA the expressions of its pictures, two decimals apart."""
    problems = [
        Refined(case.problem)
        for development in (True, False)
        for case in drawn(LANDSCAPES, development, False, False)
        if case.level == REQUIRED
    ]
    alike: dict[str, list[Refined]] = {}
    for problem in problems:
        alike.setdefault(json.dumps(dict(problem.problem.landscape.made_of), sort_keys=True), []).append(problem)
    for same in alike.values():
        for start in range(0, len(same) - SEEDS + 1, SEEDS):
            found = [_pictures(problem) for problem in same[start : start + SEEDS]]
            shown = {name: sorted({*found[0][name], *found[1][name]}) for name in found[0]}
            asked = {name: scores for name, scores in shown.items() if min(max(one[name]) for one in found) > SHOWS}
            yield _with_drawn(same[start], asked, most)


def _with_drawn(problem: Refined, shown: dict[str, list[float]], most: int) -> dict[str, list[float]]:
    """As studies.levels.drawing draws: in the widest gap of all LoRAs, one weight of the start moved."""
    start = problem.start.weights
    seen = {name: {start[name]: _expression(problem, name, start[name])} for name in shown}
    for _ in range(most):
        lines = {name: with_ends(line, problem.space.weights[name].high) for name, line in seen.items()}
        found = widest_of_all(shown, lines)
        if found is None:
            break
        name, weight = found
        seen[name][weight] = _expression(problem, name, weight)
        shown[name] = sorted({*shown[name], round(seen[name][weight], 2)})
    return shown


def _expression(problem: Refined, name: str, weight: float) -> float:
    weights = {**problem.start.weights, name: weight}
    return REQUIRED - problem.judge(Point(weights, problem.space.given_cfg)).violations[name]


def _pictures(problem: Refined) -> dict[str, set[float]]:
    """What one seed's search draws, and each LoRA's ladder."""
    drawn_images = searched(problem, least_weight(problem, 0), 1)
    judged = [*drawn_images.trials, *(one for sides in drawn_images.neighbours.values() for one in sides.values())]
    found = {}
    for name in problem.space.weights:
        alone = [dict.fromkeys(problem.space.weights, 0.0) | {name: weight} for weight in (0.0, problem.space.weights[name].high)]
        steps = [problem.judge(Point(weights, problem.space.given_cfg)) for weights in alone]
        found[name] = {round(REQUIRED - one.violations[name], 2) for one in (*judged, *steps)}
    return found


def simulated(pictures: Pictures, apart: float, rng: np.random.Generator, shown: int) -> tuple[int, list[Told]]:
    """One person before one study: how many questions were asked, and what came out for each LoRA."""
    true = {name: float(rng.uniform(*TRUE)) for name in pictures}
    seen = {name: {x: x + float(rng.normal(0, apart)) for x in scores} for name, scores in pictures.items()}
    answers: dict[str, list[Answer]] = {name: [] for name in pictures}
    asked = 0
    while asked < MOST:
        left = {name: [x for x in scores if x not in {a.expression for a in answers[name]}] for name, scores in pictures.items()}
        question = next_question(posteriors(answers), left, shown)
        if question is None:
            break
        name, asked = question.name, asked + 1
        for index in question.pictures:
            x = left[name][index]
            toss = rng.random() < SLIPS
            answers[name].append(Answer(x, bool(rng.random() < 0.5 if toss else seen[name][x] >= true[name])))
    levels = {name: level_of(posterior) for name, posterior in posteriors(answers).items()}
    told = [
        Told(
            abs(level.value - true[name]),
            level.half_width,
            level.low <= true[name] <= level.high,
            any(0 <= true[name] - x <= NEAR for x in pictures[name]) and any(0 <= x - true[name] <= NEAR for x in pictures[name]),
        )
        for name, level in levels.items()
    ]
    return asked, told


def summary(asked: Sequence[int], told: Sequence[Told]) -> dict[str, float]:
    errors, near = [one.error for one in told], [one.error for one in told if one.near]
    return {
        "questions": round(float(np.mean(asked)), 2),
        "questions_most": float(max(asked)),
        "error_median": round(float(np.median(errors)), 4),
        "error_p90": round(float(np.quantile(errors, 0.9)), 4),
        "near_share": round(len(near) / len(told), 3),
        "near_median": round(float(np.median(near)), 4),
        "near_p90": round(float(np.quantile(near, 0.9)), 4),
        "half_width": round(float(np.median([one.half_width for one in told])), 4),
        "holds": round(float(np.mean([one.held for one in told])), 3),
    }


if __name__ == "__main__":
    main()
