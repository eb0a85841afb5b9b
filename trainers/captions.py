"""Captions: comma-separated tags, the trigger first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from models.errors import InputError

if TYPE_CHECKING:
    import numpy as np

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


def shuffled(caption: str, rng: np.random.Generator) -> str:
    """The first tag stays, the others in another order."""
    tags = [tag.strip() for tag in caption.split(",") if tag.strip()]
    if len(tags) < 3:
        return ", ".join(tags)
    order = rng.permutation(len(tags) - 1)
    return ", ".join([tags[0], *(tags[1 + int(i)] for i in order)])
