"""The contents of a look-book: one study's stored results as plain values, with the paths of its images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dashboards.mark import Mark

DISTINCT: Final = "distinct"
"""The measure of a face among those of several people: how much more it looks like another's photos than like its own."""


@dataclass(frozen=True)
class Slider:
    """What a person may move: the weight of a searched LoRA, its file where it has several, or CFG. Its values are low,
    low + step, ... up to high."""

    name: str
    low: float
    high: float
    step: float
    start: float
    labels: tuple[str, ...] = ()
    """What stands for the values 0, 1, ...: the files of a LoRA; empty for numbers."""


@dataclass(frozen=True)
class Requirement:
    """What every image of a seed must meet."""

    name: str
    """A LoRA, or a score of the whole image."""
    measure: str
    """"garment" or "face" for LoRAs, `DISTINCT` for a face beside others', else the score's own name."""
    limit: float | None
    """None for a score that is only reported."""
    at_least: bool = False
    """Whether an image needs at least the limit, rather than at most."""
    counted: bool = False
    """Whether the score counts faults, which are listed in words; others are numbers."""
    whose: str = ""
    """The figure of whom it is asked, where there are several and it is of one."""


@dataclass(frozen=True)
class View:
    """One choice of what the trade-off plot shows against the cost: the worst of a measure."""

    measure: str
    label: str
    """Of its button."""
    title: str
    """Of its axis."""


@dataclass(frozen=True)
class JudgedImage:
    """One image and its scores."""

    image: Path
    at: tuple[float, ...]
    """The value of each slider."""
    cost: float
    scores: Mapping[str, float | None]
    """By requirement: calibrated, or None where nothing can be measured."""
    raw: Mapping[str, float]
    """Similarity to the references, by LoRA."""
    breaks: Mapping[str, float]
    """By how much each requirement that is not met is missed."""
    faults: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By counted requirement what is wrong, in words."""
    bare: bool = False
    """Whether it may show a figure with little clothing."""
    failed: str = ""
    """Why there is no image."""
    mark: Mark | None = None
    """Of the verdict; None for an image without one."""
    verdict: str = ""
    """What it meets or breaks, in words."""
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By LoRA what the image shows of it, part by part in words; none where parts are not compared."""
    files: Mapping[str, str] = field(default_factory=dict)
    """By LoRA of several files, the one that drew it."""


@dataclass(frozen=True)
class Trial(JudgedImage):
    """An image that the search rendered."""

    number: int = 0
    """In the study of its seed."""
    rating: str = ""
    """A person's rating, in words."""


@dataclass(frozen=True)
class ProofStep:
    """The pick with one weight a step lower."""

    name: str
    """The LoRA whose weight is lower."""
    trial: Trial | None
    """None where it was not rendered."""
    weight: float | None = None
    """The weight one step lower; None where it was not rendered."""
    below: float = 0.0
    """How much lower still all weights of the trial are."""


@dataclass(frozen=True)
class Proof:
    """Why no single weight can be lower."""

    steps: tuple[ProofStep, ...]
    at_bound: tuple[str, ...]
    """LoRAs whose weights are as low as their bounds allow."""
    complete: bool
    missing: str = "not drawn"
    """What to say of a step that was not drawn."""


@dataclass(frozen=True)
class Ladder:
    """One LoRA alone at rising weights."""

    lora: str
    steps: tuple[tuple[float, JudgedImage], ...]


@dataclass(frozen=True)
class RegionsSeen:
    """Where LoRAs act that do not act everywhere."""

    image: Path
    """A sheet: the locked image, and for each LoRA the same with its region lit."""
    words: Mapping[str, str]
    """By LoRA, or LoRAs that act in one place: "the head"."""
    figures: bool = False
    """Whether the places of several people are among them."""
    bare: bool = False
    failed: str = ""


@dataclass(frozen=True)
class BesideSeen:
    """What was made of a trial's picture, beside it."""

    image: Path
    """A sheet: before and after."""
    words: str
    """What was made, and what the picture shows now."""
    bare: bool = False
    failed: str = ""


@dataclass(frozen=True)
class SeedPage:
    """One locked seed."""

    seed: int
    requirements: tuple[Requirement, ...]
    plain: JudgedImage
    """Without LoRAs and trigger words."""
    start: JudgedImage
    """The image that was locked."""
    trials: tuple[Trial, ...]
    pick: int | None
    """Its place in `trials`; None if nothing is feasible."""
    nearest: int
    """The place in `trials` of the trial closest to being feasible."""
    claim: str
    """What may be said of the pick, in a few words: its headline."""
    reason: str
    """Why no more than that, in sentences."""
    proof: Proof | None
    ladders: tuple[Ladder, ...]
    views: tuple[View, ...] = ()
    """What the trade-off plot can show."""
    regions: RegionsSeen | None = None
    """None where all LoRAs act everywhere."""
    mended: BesideSeen | None = None
    """None where no picture of it was mended."""
    large: BesideSeen | None = None
    """None where no picture of it was enlarged."""
    start_note: str = ""
    """What is wrong with its start image, in a sentence."""


@dataclass(frozen=True)
class LookBook:
    """A whole study."""

    name: str
    prompt: str
    negative: str
    settings: tuple[tuple[str, str], ...]
    """Names and values, shown as they are."""
    sliders: tuple[Slider, ...]
    seeds: tuple[SeedPage, ...]
    waiting: tuple[int, ...] = ()
    """Locked seeds that were not run yet."""
    blurred: bool = True
    """Whether bare images are blurred until a person asks for them."""
