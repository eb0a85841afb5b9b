"""Captions: comma-separated tags, the trigger first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from models.errors import InputError

if TYPE_CHECKING:
    import numpy as np

BESIDE: Final = 0.5
"""How often each trigger of another LoRA is said."""
FORBIDDEN: Final = set('/\\:*?"<>|,')


def check_trigger(trigger: str) -> None:
    """Raises InputError for a trigger that cannot be one tag and part of a folder's name."""
    if not trigger.strip() or trigger != trigger.strip(" .") or any(c in FORBIDDEN or ord(c) < 32 for c in trigger):
        raise InputError(
            "not a trigger word", f"'{trigger}'", "use one word of your own such as testdress, without commas or slashes"
        )


def compose(trigger: str, tags: Sequence[str]) -> str:
    """The trigger, then the tags, none twice."""
    return ", ".join(dict.fromkeys([trigger, *tags]))


def without(caption: str, trigger: str) -> str:
    """The caption less the trigger."""
    return ", ".join(tag for tag in tags_of(caption) if tag != trigger)


def tags_of(caption: str) -> list[str]:
    """What stands between the commas, nothing empty."""
    return [tag for part in caption.split(",") if (tag := part.strip())]


def beside(caption: str, words: Sequence[str], keep: int, rng: np.random.Generator) -> str:
    """The caption with `words` said too, each anywhere behind the first `keep` tags."""
    tags = tags_of(caption)
    for word in words:
        _put_in(tags, word, keep, rng)
    return ", ".join(tags)


def _put_in(tags: list[str], word: str, keep: int, rng: np.random.Generator) -> None:
    tags.insert(int(rng.integers(min(keep, len(tags)), len(tags) + 1)), word)


@dataclass(frozen=True)
class Variety:
    """How captions are varied while training.

    `shuffle` puts the tags in another order, of which the first `keep` (the trigger) are left in front; each other tag but the
    trigger is left out with probability `tag_dropout`, the whole caption with `dropout`. `beside` are the triggers of LoRAs that
    will be worn together with this one: each is said in half of the captions, so that this LoRA learns that they mean nothing to
    it, and that it is still meant where they stand too.
    """

    shuffle: bool = True
    keep: int = 1
    tag_dropout: float = 0.0
    dropout: float = 0.05
    beside: tuple[str, ...] = ()


def varied(caption: str, variety: Variety, rng: np.random.Generator) -> str:
    """Another wording of `caption`; its first tag is the trigger and stays in any case. Words of `beside` come anywhere behind
    the first `keep` tags."""
    tags = [tag for i, tag in enumerate(tags_of(caption)) if i == 0 or rng.random() >= variety.tag_dropout]
    for word in variety.beside:
        if rng.random() < BESIDE:
            _put_in(tags, word, variety.keep, rng)
    if not variety.shuffle:
        return ", ".join(tags)
    order = rng.permutation(len(tags[variety.keep :]))
    return ", ".join([*tags[: variety.keep], *(tags[variety.keep + int(i)] for i in order)])
