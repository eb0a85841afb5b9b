"""What of a seed without a pick contends, and the regions and schedules that may end it."""

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
    """`dress and face contend: ...`, with what to write; empty where there is a pick, or nothing of this would be new."""
    names = () if outcome.pick is not None or outcome.unmeasurable else contending(outcome)
    try_it = [*_regions(outcome), *_schedules(outcome)]
    if not names or not try_it:
        return ""
    why = (
        phrase("{names} contend: no image meets them together.", names=joined(phrase(" and "), names))
        if len(names) > 1
        else phrase("No image meets {name}, and more weight elsewhere breaks it.", name=names[0])
    )
    for one in try_it:
        why = phrase("{why} {try_it}", why=why, try_it=one)
    return why


def _regions(outcome: Outcome) -> list[str]:
    if not outcome.regionable:
        return []
    keys = ", ".join(f"loras.{lora}" for lora in outcome.regionable)
    words = "Try regions, where each LoRA acts in its own part of the figure: `{command}`, or `region: auto` at {keys}."
    return [phrase(words, command=COMMAND, keys=keys)]


def _schedules(outcome: Outcome) -> list[str]:
    if not outcome.schedulable:
        return []
    ends = ", ".join(f"{lora}: [start]" for lora in outcome.schedulable)
    written = f"search: {{schedule: {{{ends}}}}}"
    words = "Try schedules, where the search lets each LoRA begin after the first steps: `{written}` in a copy of the study."
    return [phrase(words, written=written)]
