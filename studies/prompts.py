"""Trigger words: where they are recorded, and a prompt without them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from models.lora.layout import trigger_in


def trigger_of(given: str | None, metadata: Mapping[str, str]) -> str | None:
    """The trigger that the study names, else the one written in the LoRA file."""
    return given or trigger_in(metadata)


def without_triggers(prompt: str, triggers: Iterable[str]) -> str:
    """The comma-separated prompt less the tags that are exactly a trigger, in any case."""
    dropped = {word.strip().lower() for word in triggers}
    return ", ".join(tag.strip() for tag in prompt.split(",") if tag.strip() and tag.strip().lower() not in dropped)
