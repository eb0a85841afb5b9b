"""Which pictures to show next: those whose answers are expected to tell most of a level.

As Kontsevich and Tyler's psi method chooses its next stimulus, by the expected entropy of the posterior, with the spread
integrated out (scorers.levels.psychometric). A question here is a few pictures of one LoRA, x_1 ... x_k, each of which is still
good enough or not; r is what is said of all of them, one of 2^k answers. What it is expected to tell of the level alpha, in
bits, is

    I(alpha; r) = H(r) - E_alpha H(r | alpha)

Pictures are added one after the other, each the one that adds most (Krause and Guestrin, "Near-optimal nonmyopic value of
information in graphical models", 2005), and then exchanged one by one (Fedorov). The LoRA with most to learn is asked about next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from scipy.special import xlogy

from scorers.levels.psychometric import Array, probability_of_yes

MOST: Final = 8
"""Questions for a whole study, all LoRAs together."""
SHOWN: Final = 2
"""Pictures of a question: a pair."""
EXCHANGES: Final = 2
"""How often each picture may be exchanged for a better one beside the others."""
WORTH: Final = 0.05
"""Bits: a question that is expected to tell less is not asked."""


class Question(NamedTuple):
    """What to ask next."""

    name: str
    """The LoRA that it is about."""
    pictures: tuple[int, ...]
    """Their indices, the one that shows least first."""
    bits: float
    """What the answer is expected to tell."""


def next_question(
    posteriors: Mapping[str, Array], pictures: Mapping[str, Sequence[float]], shown: int = SHOWN
) -> Question | None:
    """Of all LoRAs the question that tells most; None where none is worth asking.

    `pictures` are by LoRA the expressions of the pictures that may be shown.
    """
    asked = [_of_one(name, posterior, pictures.get(name, ()), shown) for name, posterior in posteriors.items()]
    worth = [question for question in asked if question is not None and question.bits >= WORTH]
    return max(worth, key=lambda question: question.bits, default=None)


def expected_bits(posterior: Array, expressions: Sequence[float]) -> float:
    """I(alpha; r) of showing all these pictures. `posterior` is LEVELS by SPREADS."""
    answers = np.ones((1, *posterior.shape))
    for yes in probability_of_yes(np.asarray(expressions)):
        answers = _with_picture(answers, yes[None])[0]
    return float(_bits(posterior, answers[None])[0])


def _of_one(name: str, posterior: Array, expressions: Sequence[float], shown: int) -> Question | None:
    if len(expressions) < shown:
        return None
    yes = probability_of_yes(np.asarray(expressions))
    chosen, most = list[int](), 0.0
    for step in range(shown * (1 + EXCHANGES)):
        others = chosen if step < shown else chosen[1:]
        answers = np.ones((1, *posterior.shape))
        for other in others:
            answers = _with_picture(answers, yes[other : other + 1])[0]
        bits = _bits(posterior, _with_picture(answers, yes))
        bits[others] = -1.0
        best = int(bits.argmax())
        chosen, most = [*others, best], float(bits[best])
    return Question(name, tuple(sorted(chosen, key=lambda i: expressions[i])), most)


def _with_picture(answers: Array, yes: Array) -> Array:
    """The probabilities of each answer so far (R, A, S) with either answer for each of K pictures (K, A, S): (K, 2R, A, S)."""
    found: Array = np.concatenate([answers[None] * yes[:, None], answers[None] * (1 - yes[:, None])], axis=1)
    return found


def _bits(posterior: Array, answers: Array) -> Array:
    """For probabilities of answers (K, R, A, S): K values."""
    level = posterior.sum(1)
    spread = posterior / np.maximum(level, 1e-300)[:, None]
    at_level = np.clip((answers * spread).sum(3), 0.0, 1.0)
    overall = at_level @ level
    found: Array = ((xlogy(at_level, at_level) @ level).sum(1) - xlogy(overall, overall).sum(1)) / np.log(2)
    return found
