"""What a new study of a flow-matching base is set to: its makers' steps and guidance, and prompts without weights."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from studies.project.bases import FoundBase

SIZED_AS: Final = "sdxl"
"""The family whose sizes these bases are drawn at."""
FLOW_DTYPE: Final = "bfloat16"
SETTINGS: Final[dict[str, tuple[tuple[str, int, float, str], ...]]] = {
    "z-image": (
        ("turbo", 9, 1.0, "Z-Image-Turbo was distilled for 8 to 9 steps without CFG (1), where negative_prompt does nothing"),
        ("", 28, 5.0, "as its makers advise for Z-Image: 28 to 50 steps; a CFG of 5 is 4 in diffusers"),
    ),
    "flux": (
        ("schnell", 4, 1.0, "FLUX.1 [schnell] was distilled for 1 to 4 steps without CFG (1)"),
        ("", 28, 3.5, "FLUX.1 [dev] is told its guidance: cfg is that number, and negative_prompt does nothing"),
    ),
    "flux2": (
        ("base", 50, 4.0, "FLUX.2 [klein] that was not distilled: 50 steps and a CFG of 4, as its makers advise"),
        ("", 4, 1.0, "FLUX.2 [klein] was distilled for 4 steps without CFG (1), where negative_prompt does nothing"),
    ),
}
"""By family: a word in the folder's name or the variant that it states, steps, CFG, and why."""
WEIGHT: Final = re.compile(r"\(([^():]+):\s*[\d.]+\)")


def flow_settings(base: FoundBase | None) -> tuple[int, float, str] | None:
    """Steps, CFG and why; None for a base of another kind. What the folder states comes before its name."""
    if base is None or base.family not in SETTINGS:
        return None
    name = base.variant or Path(base.path).name.lower()
    return next((steps, cfg, f"for this base: {why}") for word, steps, cfg, why in SETTINGS[base.family] if word in name)


def plain_words(text: str) -> str:
    """A1111's weights taken out: such bases read prompts as plain text."""
    return WEIGHT.sub(r"\1", text)
