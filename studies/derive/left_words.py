"""Words of a prompt that a swap leaves, and that may still describe the LoRA that is gone."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from models.lora_kinds import LoraKind

WORDS: Final[Mapping[LoraKind, str]] = {
    "clothing": (
        r"dress(es)?|skirts?|pants|trousers|jeans|leggings|shorts|belts?|scarf|coats?|jackets?|shirts?|blouse|sweaters?|hoodies?|cardigan|"
        r"uniform|suit|swimsuit|bikini|kimono|qipao|robe|gown|vest|top|jumpsuit|apron|cloak|cape|collar|sleeves?|sleeveless|clothes|outfit"
    ),
    "shoes": r"shoes?|boots?|sandals?|heels?|sneakers?|loafers?|slippers?|footwear|barefoot",
    "face": r"hair|eyes?|eyebrows?|lips?|freckles|bangs|ponytail|twintails|braids?|face|skin",
    "other": r"(?!)",
}
"""What names a thing of a kind in English prompts."""


def left_words(prompt: str, kind: LoraKind, triggers: Collection[str]) -> list[str]:
    """Tags of the prompt that name a thing of this kind, but for triggers."""
    named = {part.strip().lower() for trigger in triggers for part in trigger.split(",")}
    tags = [re.sub(r"[()\[\]]|:\s*[.\d]+", "", tag).strip() for tag in prompt.split(",")]
    found = re.compile(rf"\b({WORDS[kind]})\b", re.IGNORECASE)
    return [tag for tag in tags if tag.lower() not in named and found.search(tag)]
