"""What lies beside a LoRA file and tells of it: A1111's NAME.json, and NAME.civitai.info as helpers of Civitai's write it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

MOST: Final = 2.0
"""The greatest weight that a study searches."""
LARGEST: Final = 2**20
"""Bytes of such a file; a larger one is not read."""


@dataclass(frozen=True)
class LoraCard:
    """None, or empty, where no file tells."""

    trigger: str | None = None
    trigger_from: str = ""
    """The name of the file that tells it."""
    weight: float | None = None
    """The preferred one, above 0 and at most `MOST`."""
    weight_from: str = ""
    title: str = ""
    """What Civitai calls the LoRA."""


def lora_card(path: Path) -> LoraCard:
    """Of the LoRA at `path`. A file that does not read tells nothing."""
    own, civitai = path.with_suffix(".json"), path.with_suffix(".civitai.info")
    a1111, info = _table(own), _table(civitai)
    weight = a1111.get("preferred weight")
    weighs = isinstance(weight, (int, float)) and not isinstance(weight, bool) and 0 < weight <= MOST
    model, words = info.get("model"), info.get("trainedWords")
    trigger, trigger_from = _first(a1111.get("activation text")), own.name
    if trigger is None and isinstance(words, list):
        trigger, trigger_from = next((word for word in map(_first, words) if word is not None), None), civitai.name
    return LoraCard(
        trigger,
        trigger_from if trigger is not None else "",
        float(weight) if weighs and weight is not None else None,
        own.name if weighs else "",
        str(model.get("name") or "") if isinstance(model, dict) else "",
    )


def _first(text: object) -> str | None:
    """The first tag of words to activate a LoRA with, without its own `<lora:...>`."""
    if not isinstance(text, str):
        return None
    tags = (tag.strip() for tag in text.split(","))
    return next((tag for tag in tags if tag and tag.isprintable() and not tag.startswith("<")), None)


def _table(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > LARGEST:
            return {}
        found = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
