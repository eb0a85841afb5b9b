"""What to say of a large picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.language.translate import joined, phrase
from optimizer.search.verdict import Verdict

if TYPE_CHECKING:
    from studies.run.large.large import Large, Making, Try


def large_words(large: Large) -> str:
    """`trial 7 enlarged to 256x384 by Lanczos, redrawn in 9 tiles at 0.25: the picture meets every requirement`."""
    making = large.making
    shows = (
        phrase("the picture {verdict}", verdict=phrase(Verdict.MEETS.word))
        if large.feasible
        else phrase("the picture breaks {broken}", broken=", ".join(large.breaks()))
    )
    facts = {"number": large.trial, "width": making.size[0], "height": making.size[1], "upscaler": making.upscaler}
    whole = "the mended picture of trial {number} enlarged to {width}x{height} by {upscaler}{redrawn}: {shows}"
    own = "trial {number} enlarged to {width}x{height} by {upscaler}{redrawn}: {shows}"
    return phrase(whole if making.mended else own, **facts, redrawn=_redrawn(making), shows=shows)


def _redrawn(making: Making) -> str:
    if making.kept is not None:
        words = ", redrawn in {tiles} tiles at {strength:g}"
        if making.held:
            words = ", redrawn in {tiles} tiles at {strength:g}, told to {net}"
        return phrase(words, tiles=making.tiles, strength=making.kept.strength, net=making.held)
    return phrase(", not redrawn") if making.tries else ""


def tries_words(making: Making) -> list[str]:
    """A line for each redrawing that was not kept: `at 0.35: breaks hands, and is not kept`."""
    return [_try_words(one) for one in making.tries if one is not making.kept]


def _try_words(one: Try) -> str:
    if one.failed:
        return phrase("redrawn at {strength:g}: nothing was drawn ({why})", strength=one.strength, why=one.failed)
    return phrase(
        "redrawn at {strength:g}: breaks {broken}, and is not kept", strength=one.strength, broken=joined(", ", one.breaks)
    )
