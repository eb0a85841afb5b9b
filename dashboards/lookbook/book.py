"""What a look-book tells: one study's stored results as plain values, with the places of its images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

Measure: TypeAlias = Literal["garment", "face", "hands", "body", "drift"]
AT_LEAST: Final[frozenset[Measure]] = frozenset({"garment", "face"})
"""Measures of which an image needs at least the limit; of the others it may have at most that much."""


@dataclass(frozen=True)
class Dial:
    """What a person may turn: the weight of a searched LoRA, or CFG. Its values are low, low + step, ... up to high."""

    name: str
    low: float
    high: float
    step: float
    start: float


@dataclass(frozen=True)
class Need:
    """One requirement of a seed; `limit` is None for what is only told."""

    name: str
    measure: Measure
    limit: float | None

    @property
    def at_least(self) -> bool:
        return self.measure in AT_LEAST


@dataclass(frozen=True)
class Look:
    """One image and what was seen in it.

    `at` holds the value of each dial, `scores` and `raw` that of each need by its name: calibrated, or None where nothing can be
    told. `breaks` names each unmet requirement and by how much it is missed, `faults` is what is wrong with the body, in words.
    `bare` marks little clothing, `failed` says why there is no image.
    """

    image: Path
    at: tuple[float, ...]
    cost: float
    scores: Mapping[str, float | None]
    raw: Mapping[str, float]
    breaks: Mapping[str, float]
    faults: tuple[str, ...] = ()
    bare: bool = False
    failed: str = ""


@dataclass(frozen=True)
class Trial(Look):
    """An image that the search drew, by its number in the study. `rating` is what a person said of it, in words."""

    number: int = 0
    rating: str = ""


@dataclass(frozen=True)
class Lower:
    """The pick with one weight a step lower; `trial` is None where that was not drawn."""

    name: str
    trial: Trial | None


@dataclass(frozen=True)
class Proof:
    """Why no single weight can be lower. `at_bound` names the weights that are as low as they may be."""

    steps: tuple[Lower, ...]
    at_bound: tuple[str, ...]
    complete: bool


@dataclass(frozen=True)
class Ladder:
    """One LoRA alone at rising weights."""

    lora: str
    steps: tuple[tuple[float, Look], ...]


@dataclass(frozen=True)
class SeedStory:
    """One locked seed. `pick` and `nearest` are places in `trials`; a seed without a pick is blocked by the need `blocked_by`.

    `unmeasurable` names LoRAs that must show and of which no weight alone shows more than noise. `plain` is the seed without
    LoRAs and trigger words, `start` the image that was locked. `by_hand` marks a pick that a person chose; `found` is then the
    place of the search's own, None if it had none.
    """

    seed: int
    needs: tuple[Need, ...]
    plain: Look
    start: Look
    trials: tuple[Trial, ...]
    pick: int | None
    nearest: int
    blocked_by: str
    proof: Proof | None
    ladders: tuple[Ladder, ...]
    by_hand: bool = False
    found: int | None = None
    unmeasurable: tuple[str, ...] = ()


@dataclass(frozen=True)
class Book:
    """A whole study. `settings` are shown as they are, `waiting` are locked seeds of which nothing was run yet."""

    name: str
    prompt: str
    negative: str
    settings: tuple[tuple[str, str], ...]
    dials: tuple[Dial, ...]
    seeds: tuple[SeedStory, ...]
    waiting: tuple[int, ...] = ()
    blurred: bool = True
    """Whether bare images are blurred until a person asks for them."""
