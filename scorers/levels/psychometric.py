"""From a person's answers to the level of each LoRA: a Bayesian psychometric function.

A person who is shown a picture of expression x and asked whether the thing is still good enough says yes with probability

    Psi(x; alpha, sigma) = lambda / 2 + (1 - lambda) Phi((x - alpha) / sigma)

where alpha is the person's level of that LoRA, sigma the spread of all in which the person's eye and the score disagree, Phi the
standard normal distribution function and lambda the rate of slips (Wichmann and Hill, "The psychometric function: I", 2001). The
level has a flat prior, each LoRA's its own; the spread belongs to the person, is shared by all LoRAs, and is integrated out
(Prins, "The psi-marginal adaptive method", Journal of Vision 13(7), 2013). Both are grids, as in Kontsevich and Tyler, "Bayesian
adaptive estimation of psychometric slope and threshold", Vision Research 39, 1999.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
LEVELS: Final[Array] = np.linspace(0.0, 1.2, 121)
"""alpha: above 1 a person wants more than the LoRA shows alone."""
SPREADS: Final[Array] = np.geomspace(0.02, 0.25, 8)
"""sigma, equally likely in its logarithm."""
LAPSE: Final = 0.03
"""lambda."""
SURE: Final = 0.9
"""Probability that the level lies in the interval that is given with it."""


class Answer(NamedTuple):
    """What a person said of one picture."""

    expression: float
    """Of the LoRA that was asked about, in the picture."""
    enough: bool
    """Whether it is still good enough."""


@dataclass(frozen=True)
class Level:
    """A level, and how sure it is."""

    value: float
    """The median of the posterior, in [0, 1.2]."""
    low: float
    high: float
    """Between them the level lies with probability SURE."""

    @property
    def half_width(self) -> float:
        return (self.high - self.low) / 2


def probability_of_yes(expression: Array) -> Array:
    """Psi, in an array of the shape of `expression` by LEVELS by SPREADS."""
    from scipy.special import ndtr

    z = (np.asarray(expression)[..., None, None] - LEVELS[:, None]) / SPREADS
    found: Array = LAPSE / 2 + (1 - LAPSE) * ndtr(z)
    return found


def posteriors(answers: Mapping[str, Sequence[Answer]]) -> dict[str, Array]:
    """For each LoRA the joint posterior of its level and of the person's spread, LEVELS by SPREADS; each adds up to 1.

    What is said of one LoRA tells of the others how far the person's eye is from the scores.
    """
    likelihoods = {name: _likelihood(given) for name, given in answers.items()}
    spreads = {name: likelihood.sum(0) for name, likelihood in likelihoods.items()}
    found = {}
    for name, likelihood in likelihoods.items():
        elsewhere = np.prod([spread for other, spread in spreads.items() if other != name], axis=0)
        joint = likelihood * elsewhere
        found[name] = joint / joint.sum()
    return found


def level_of(posterior: Array) -> Level:
    """The level by its marginal posterior."""
    below = np.cumsum(posterior.sum(1))
    ends = (0.5, (1 - SURE) / 2, (1 + SURE) / 2)
    return Level(*(float(np.interp(share, below, LEVELS)) for share in ends))


def _likelihood(answers: Sequence[Answer]) -> Array:
    """Scaled to add up to 1, which changes no posterior."""
    found = np.ones((len(LEVELS), len(SPREADS)))
    for expression, enough in answers:
        yes = probability_of_yes(np.asarray(expression))
        found = found * (yes if enough else 1 - yes)
        found = found / found.sum()
    return found
