"""Halving draws few weights of each epoch, and finds the least good one."""

from __future__ import annotations

import pytest

from studies.lora_report.epoch_search import Verdict, halved, most_drawn, verdict_of
from tests.studies.lora_report.test_levels import rungs

GRID = [0.2, 0.4, 0.6, 0.8, 1.0]


def asked(least: float, broken: float = 9.0, grid: list[float] = GRID) -> list[float]:
    """The weights that are drawn of an epoch that is good from `least` on, and broken from `broken` on."""
    drawn: list[float] = []

    def verdict(weight: float) -> Verdict:
        drawn.append(weight)
        return "too little" if weight < least else "broken" if weight >= broken else "good"

    halved(grid, verdict)
    return drawn


@pytest.mark.parametrize("least", [*GRID, 2.0])
def test_the_least_good_weight_is_drawn_and_the_one_below_it(least: float) -> None:
    drawn = asked(least)
    assert len(drawn) == len(set(drawn)) <= most_drawn(len(GRID)) == 3
    if least <= 1:
        assert least in drawn
        below = [weight for weight in GRID if weight < least]
        assert not below or below[-1] in drawn
    else:
        assert 1.0 in drawn


def test_what_is_broken_is_asked_for_less_weight() -> None:
    assert asked(0.4, broken=0.6) == [0.6, 0.4, 0.2]


def test_of_48_epochs_two_thirds_are_not_drawn() -> None:
    grid = [round(0.05 * n, 2) for n in range(1, 21)]
    assert sum(len(asked(least, grid=grid)) for least in grid * 2 + grid[:8]) <= 48 * most_drawn(20) == 48 * 5


def test_an_image_that_shows_too_little_is_not_broken() -> None:
    found = rungs(0.2, 0.5, 0.9, 0.95, faults=("no head",))
    assert [verdict_of(found, at) for at in found.at] == ["too little", "too little", "good", "broken"]
    both = rungs(0.2, 0.3, faults=("no head",))
    assert verdict_of(both, both.at[1]) == "too little"
