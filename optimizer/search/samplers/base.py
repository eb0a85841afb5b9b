"""The Sampler protocol: what proposes the next point of a search.

A conformance suite for implementations: optimizer/testing/sampler_conformance.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from optimizer.point import Point
from optimizer.search.judged_point import Judged
from optimizer.search.space import Space


class Sampler(Protocol):
    """Proposes points of one seed's search. `optimizer.search.strategy.next_proposal` calls it in the search phase: after the
    start and the design were judged, while images are left besides those of the proof.

    Stateless and deterministic: equal arguments give equal answers, so that a killed run resumes from its stored trials. The
    history belongs to the caller.
    """

    @property
    def design(self) -> Sequence[float]:
        """Levels, as shares of all axes, that are drawn after the start before `propose` is called; empty for none."""
        ...

    @property
    def min_saving(self) -> float | None:
        """The least expected saving of cost for which `propose` draws an image; None if it never ends by itself."""
        ...

    def propose(self, space: Space, history: Sequence[Judged]) -> Point | None:
        """The next point, on the grid of `space` (LoRA weights, CFG, prompt edits); `history` are the judged points in order, at
        least the start.

        None if no further image is worth drawing: what is left then is the proof. A point of the history counts as no proposal
        for now: the proof goes on, and `propose` is called again.
        """
        ...


@runtime_checkable
class PredictingSampler(Sampler, Protocol):
    """A sampler that predicts what it did not see. `optimizer.search.kriging_believer` calls it for images that are being
    drawn."""

    def predict(self, space: Space, history: Sequence[Judged], points: Sequence[Point]) -> list[Judged]:
        """Each of `points` with its cost and its expected violations, finite, given the history."""
        ...


@runtime_checkable
class OrderingSampler(Sampler, Protocol):
    """A sampler that knows which steps of the proof are worth drawing first. `optimizer.search.strategy` calls it where more than
    one is left."""

    def order(self, space: Space, history: Sequence[Judged], points: Sequence[Point]) -> list[Point]:
        """`points`, those first that may be better than the best of the history."""
        ...


@dataclass(frozen=True)
class Forecast:
    """What the next image is expected to bring."""

    feasible: float
    """The probability, in [0, 1], that the next point meets every constraint."""
    saving: float | None
    """The expected saving of cost of an image, at least 0; None while nothing is feasible."""


@runtime_checkable
class ForecastingSampler(Sampler, Protocol):
    """A sampler that tells what another image is worth. Studies call it after each image, and report it to people."""

    def forecast(self, space: Space, history: Sequence[Judged]) -> Forecast | None:
        """Given the judged points; None where no point is left that could be better."""
        ...


@dataclass(frozen=True)
class SamplerSettings:
    """What a sampler may be made from: studies fill it from study.yaml, and a registered factory takes what it needs."""

    space: Space
    start: Point
    seed: int = 0
    """Random state, at least 0."""
    min_saving: float | None = None
    """Units of cost; `search.worth` of study.yaml. None for the sampler's own."""
    robustness: float = 0.0
    """How far from its weights the pick must hold, in units of weight."""
    together: tuple[str, ...] = ()
    """LoRAs whose weights are varied together first, at most two; empty for the first two of the space."""
    require: Mapping[str, float] = field(default_factory=dict)
    """Calibrated expression that each LoRA must reach."""
    noise: Mapping[str, float] = field(default_factory=dict)
    """Standard deviation of each constraint's value as measured, in its units, where it is known."""
    earlier: Callable[[], Sequence[Sequence[Judged]]] = tuple
    """Loads the judged trials of other seeds and studies, for samplers that learn from them."""
