"""What of a seed without a pick contends, and the regions that may end it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from models.language.translate import joined, phrase
from optimizer.search.verdict import own_image

if TYPE_CHECKING:
    from studies.run.outcome import Outcome

COMMAND: Final = "huanhua run STUDY --regions DIR"


def contending(outcome: Outcome) -> tuple[str, ...]:
    """The constraint that blocks the nearest trial, then those that break in the image in which it is met or least missed."""
    if outcome.nearest is None:
        return ()
    blocker, _ = outcome.nearest.worst
    seen = [own_image(trial.judged).violations for trial in outcome.trials]
    best = min(seen, key=lambda violations: violations[blocker])
    return tuple(dict.fromkeys([blocker, *(name for name, by in best.items() if not by <= 0)]))


def advice(outcome: Outcome) -> str:
    """`dress and face contend: ...`, with what to write; empty where there is a pick, or regions would be nothing new."""
    names = () if outcome.pick is not None or outcome.unmeasurable else contending(outcome)
    if not names or not outcome.regionable:
        return ""
    keys = ", ".join(f"loras.{lora}" for lora in outcome.regionable)
    try_it = phrase(
        "Try regions, where each LoRA acts in its own part of the figure: `{command}`, or `region: auto` at {keys}.",
        command=COMMAND,
        keys=keys,
    )
    why = (
        phrase("{names} contend: no image meets them together.", names=joined(phrase(" and "), names))
        if len(names) > 1
        else phrase("No image meets {name}, and more weight elsewhere breaks it.", name=names[0])
    )
    return phrase("{why} {try_it}", why=why, try_it=try_it)
