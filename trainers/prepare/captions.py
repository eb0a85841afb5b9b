"""Captions: comma-separated tags, the trigger first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from models.errors import InputError

FORBIDDEN: Final = set('/\\:*?"<>|,')


def check_trigger(trigger: str) -> None:
    """Raises InputError for a trigger that cannot be both one tag and part of a folder's name."""
    if not trigger.strip() or trigger != trigger.strip(" .") or any(c in FORBIDDEN or ord(c) < 32 for c in trigger):
        raise InputError(
            "not a trigger word", f"'{trigger}'", "use one word of your own such as testdress, without commas or slashes"
        )


def compose(trigger: str, tags: Sequence[str]) -> str:
    """The trigger, then the tags, without duplicates."""
    return ", ".join(dict.fromkeys([trigger, *tags]))


def without_trigger(caption: str, trigger: str) -> str:
    """The caption with every tag but `trigger`."""
    return ", ".join(tag for tag in tags_of(caption) if tag != trigger)


def tags_of(caption: str) -> list[str]:
    """The tags between the commas, empty ones dropped."""
    return [tag for part in caption.split(",") if (tag := part.strip())]
