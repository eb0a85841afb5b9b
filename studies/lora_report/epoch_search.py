"""Which weights of an epoch are drawn: halving finds the least that is good enough without drawing them all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, log2
from typing import Final, Literal

from studies.lora_report.levels import Rungs
from studies.lora_report.measures import AtWeight

Verdict = Literal["good", "too little", "broken"]
TOO_LITTLE: Final = "shows too little"


def most_drawn(weights: int) -> int:
    """How many of so many weights are drawn at most."""
    return ceil(log2(weights + 1))


def halved(weights: Sequence[float], verdict: Callable[[float], Verdict]) -> None:
    """Asks for the verdict of weights, which rise, until the least good one is known: an epoch that shows too little needs more
    weight, one that is good or broken is asked for less."""
    low, high = 0, len(weights)
    while low < high:
        middle = (low + high) // 2
        if verdict(weights[middle]) == "too little":
            low = middle + 1
        else:
            high = middle


def verdict_of(rungs: Rungs, at: AtWeight) -> Verdict:
    """Of one weight. What shows too little is so whatever else is wrong with it."""
    why = rungs.failing(at)
    if TOO_LITTLE in why:
        return "too little"
    return "broken" if why else "good"
