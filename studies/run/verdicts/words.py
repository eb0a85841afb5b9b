"""Verdicts in words: of one trial, and of what a seed's search found. Every page, note and line takes them from here, in English,
and says them in the language of whoever reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from models.language.translate import joined, phrase
from optimizer.search.stopping import Ended
from optimizer.search.verdict import Verdict, own_image
from studies.run.verdicts.contention import advice

if TYPE_CHECKING:
    from studies.run.outcome import Outcome, TrialRecord

OTHERWISE: Final = "Try another seed, a colour word in the prompt, a half-body pose, or a smaller requirement."
UNSEEN: Final = "Try its trigger word in the prompt, other reference photos, a LoRA of this base, or another seed."
NOT_DRAWN: Final[Mapping[Ended | None, str]] = {
    None: "not drawn yet",
    Ended.DONE: "not drawn",
    Ended.BUDGET: "not drawn, the budget ended",
    Ended.STOPPED: "not drawn, the search was stopped",
}
"""Why an image of the proof or of the robustness is not there, by why the search ended; None where it has not."""


def trial_words(record: TrialRecord) -> str:
    """`breaks dress by 0.05, body (3 feet)`, `meets, not robust: 0.02 lower breaks dress by 0.03`, or the verdict alone."""
    if record.verdict is Verdict.BREAKS:
        return phrase("breaks {what}", what=broken_words(own_image(record.judged).violations, record.scores.counted))
    if record.verdict is Verdict.FRAGILE:
        return phrase("{verdict}: {why}", verdict=phrase(record.verdict.word), why=fragile_words(record))
    return phrase(record.verdict.word)


def broken_words(violations: Mapping[str, float], faults: Mapping[str, tuple[str, ...]] | None = None) -> str:
    """`dress by 0.05, body (3 feet)`: the violated constraints of one image, with the faults of those that count them."""
    listed = {name: joined(", ", found) for name, found in (faults or {}).items() if found}
    broken = [(name, by) for name, by in violations.items() if not by <= 0]
    return joined(
        ", ",
        [
            phrase("{name} ({faults})", name=name, faults=listed[name])
            if name in listed
            else phrase("{name} by {by:.2f}", name=name, by=by)
            for name, by in broken
        ],
    )


def fragile_words(record: TrialRecord) -> str:
    """What the neighbours of a trial break: `0.02 lower breaks dress by 0.03`."""
    assert record.robustness is not None
    off, sides = record.robustness.off, record.robustness.neighbours
    return joined(
        "; ",
        [
            phrase("{off:g} {side} breaks {what}", off=off, side=phrase(side), what=broken_words(judged.violations))
            for side, judged in sides.items()
            if not judged.feasible
        ],
    )


def reason(outcome: Outcome) -> str:
    """Why no more than `outcome.claim` may be said, as one or two sentences."""
    if outcome.pick is None:
        return _nothing(outcome)
    if outcome.by_hand:
        return _by_hand(outcome)
    record = outcome.record(outcome.pick)
    if record.verdict is Verdict.FRAGILE:
        return phrase("With all weights {why}: a program that rounds weights may show another image.", why=fragile_words(record))
    if record.verdict is Verdict.UNCHECKED:
        why = phrase(NOT_DRAWN[outcome.ended])
        return phrase("The images with all weights {off:g} lower and higher: {why}.", off=outcome.robustness_off, why=why)
    if outcome.proof is not None and outcome.proof.complete:
        return phrase(
            "No single weight can go a step lower: each was drawn so, itself or slightly below, and each breaks something that "
            "is required."
        )
    return phrase("Single steps down are {why}, so a lower weight may still work.", why=phrase(NOT_DRAWN[outcome.ended]))


def description(outcome: Outcome) -> str:
    """What a seed's search found, as two lines of Markdown: the claim with its weights, and why no more is claimed."""
    head = f"**{outcome.claim[:1].upper()}{outcome.claim[1:]}**"
    if outcome.pick is not None:
        record = outcome.record(outcome.pick)
        weights = record.weights_line(", ")
        head = f"{head}: trial {record.number}, total {record.judged.cost:.2f} ({weights})"
    return f"{head}\n\n{reason(outcome)}"


def _nothing(outcome: Outcome) -> str:
    if outcome.unmeasurable:
        names = ", ".join(outcome.unmeasurable)
        return phrase(
            "Nothing can: neither alone nor in the start image does {names} show more than noise at this seed. "
            "See the ladder. {mend}",
            names=names,
            mend=phrase(UNSEEN),
        )
    if outcome.nearest is None:
        return phrase("Nothing was drawn.")
    blocker, by = outcome.nearest.worst
    number = outcome.record(outcome.nearest).number
    told = phrase(
        "The nearest is trial {number}, blocked by {blocker}, which it misses by {by:.2f}. {mend}",
        number=number,
        blocker=blocker,
        by=by,
        mend=phrase(OTHERWISE),
    )
    regions = advice(outcome)
    return phrase("{told} {regions}", told=told, regions=regions) if regions else told


def _by_hand(outcome: Outcome) -> str:
    """What a person's pick gives up against the search's own."""
    assert outcome.pick is not None
    record = outcome.record(outcome.pick)
    number, shows = record.number, trial_words(record)
    if outcome.found is None:
        return phrase(
            "A person chose trial {number}, which {shows}; the search found nothing feasible.",
            number=number,
            shows=shows,
        )
    found = outcome.record(outcome.found)
    return phrase(
        "A person chose trial {number}, which {shows}. The search's own is trial {found}, total {total:.2f}.",
        number=number,
        shows=shows,
        found=found.number,
        total=found.judged.cost,
    )
