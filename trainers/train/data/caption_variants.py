"""Caption augmentation: shuffled tags, tag dropout, and the triggers of companion LoRAs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from trainers.prepare.captions import tags_of
from trainers.train.settings.variety import Variety

if TYPE_CHECKING:
    import numpy as np

COMPANION_SHARE: Final = 0.5
"""Probability with which a caption contains each trigger of `Variety.beside`."""


def varied(caption: str, variety: Variety, rng: np.random.Generator) -> str:
    """A random variant of `caption`. Its first tag is the trigger and always stays."""
    tags = [tag for i, tag in enumerate(tags_of(caption)) if i == 0 or rng.random() >= variety.tag_dropout]
    for trigger in variety.beside:
        if rng.random() < COMPANION_SHARE:
            _insert(tags, trigger, variety.keep, rng)
    if not variety.shuffle:
        return ", ".join(tags)
    order = rng.permutation(len(tags[variety.keep :]))
    return ", ".join([*tags[: variety.keep], *(tags[variety.keep + int(i)] for i in order)])


def with_triggers(caption: str, triggers: Sequence[str], keep: int, rng: np.random.Generator) -> str:
    """The caption with each of `triggers` at a random place after the first `keep` tags."""
    tags = tags_of(caption)
    for trigger in triggers:
        _insert(tags, trigger, keep, rng)
    return ", ".join(tags)


def _insert(tags: list[str], trigger: str, keep: int, rng: np.random.Generator) -> None:
    tags.insert(int(rng.integers(min(keep, len(tags)), len(tags) + 1)), trigger)
