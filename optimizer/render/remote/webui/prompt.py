"""LoRAs as A1111 takes them: tags in the prompt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from models.errors import InputError
from models.language.translate import phrase

TAG: Final = re.compile(r"<\s*(?:lora|lyco)\s*:", re.IGNORECASE)
SMALLEST: Final = 5e-7
"""A weight below it is left out: points do not tell it from 0."""


def check_prompt(text: str, where: str) -> None:
    """Raises InputError for a prompt with a LoRA of its own: its weight would never be searched, and it would act twice."""
    found = TAG.search(text)
    if found:
        what = phrase("the prompt holds a LoRA of its own ({words})", words=text[found.start() : found.start() + 40].strip())
        raise InputError(what, where, "name it under loras:, with fixed: for a weight that stays")


def with_loras(prompt: str, weights: Mapping[str, float]) -> str:
    """The prompt, and a tag for each LoRA that acts, by the server's names and in their order.

    Nothing parts prompt and tags: without them it is the prompt as it was, to the letter.
    """
    return prompt + "".join(f"<lora:{name}:{number(weight)}>" for name, weight in weights.items() if abs(weight) >= SMALLEST)


def number(weight: float) -> str:
    """To six places and without an exponent, which A1111 would not read."""
    return f"{weight:.6f}".rstrip("0").rstrip(".")
