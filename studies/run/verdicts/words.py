"""Verdicts in words: of one trial, and of what a seed's search found. Every page, note and line takes them from here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from optimizer.search.stopping import Ended
from optimizer.search.verdict import Verdict, own_image

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
        return f"breaks {broken_words(own_image(record.judged).violations, record.scores.counted)}"
    if record.verdict is Verdict.FRAGILE:
        return f"{record.verdict.word}: {fragile_words(record)}"
    return record.verdict.word


def broken_words(violations: Mapping[str, float], faults: Mapping[str, tuple[str, ...]] | None = None) -> str:
    """`dress by 0.05, body (3 feet)`: the violated constraints of one image, with the faults of those that count them."""
    listed = {name: f"({', '.join(found)})" for name, found in (faults or {}).items() if found}
    return ", ".join(f"{name} {listed.get(name, f'by {by:.2f}')}" for name, by in violations.items() if not by <= 0)


def fragile_words(record: TrialRecord) -> str:
    """What the neighbours of a trial break: `0.02 lower breaks dress by 0.03`."""
    assert record.robustness is not None
    off, sides = record.robustness.off, record.robustness.neighbours
    return "; ".join(
        f"{off:g} {side} breaks {broken_words(judged.violations)}" for side, judged in sides.items() if not judged.feasible
    )


def reason(outcome: Outcome) -> str:
    """Why no more than `outcome.claim` may be said, as one or two sentences."""
    if outcome.pick is None:
        return _nothing(outcome)
    if outcome.by_hand:
        return _by_hand(outcome)
    record = outcome.record(outcome.pick)
    if record.verdict is Verdict.FRAGILE:
        return f"With all weights {fragile_words(record)}: a program that rounds weights may show another image."
    if record.verdict is Verdict.UNCHECKED:
        return f"The images with all weights {outcome.robustness_off:g} lower and higher: {NOT_DRAWN[outcome.ended]}."
    if outcome.proof is not None and outcome.proof.complete:
        return "No single weight can go a step lower: each such image was drawn, and each breaks something that is required."
    return f"Single steps down are {NOT_DRAWN[outcome.ended]}, so a lower weight may still work."


def description(outcome: Outcome) -> str:
    """What a seed's search found, as two lines of Markdown: the claim with its weights, and why no more is claimed."""
    head = f"**{outcome.claim[:1].upper()}{outcome.claim[1:]}**"
    if outcome.pick is not None:
        record = outcome.record(outcome.pick)
        weights = ", ".join(f"{name} {weight:.2f}" for name, weight in record.judged.point.weights.items())
        head = f"{head}: trial {record.number}, total {record.judged.cost:.2f} ({weights})"
    return f"{head}\n\n{reason(outcome)}"


def _nothing(outcome: Outcome) -> str:
    if outcome.unmeasurable:
        names = ", ".join(outcome.unmeasurable)
        unseen = f"neither alone nor in the start image does {names} show more than noise at this seed"
        return f"Nothing can: {unseen}. See the ladder. {UNSEEN}"
    if outcome.nearest is None:
        return "Nothing was drawn."
    blocker, by = outcome.nearest.worst
    number = outcome.record(outcome.nearest).number
    return f"The nearest is trial {number}, blocked by {blocker}, which it misses by {by:.2f}. {OTHERWISE}"


def _by_hand(outcome: Outcome) -> str:
    """What a person's pick gives up against the search's own."""
    assert outcome.pick is not None
    record = outcome.record(outcome.pick)
    chosen = f"A person chose trial {record.number}, which {trial_words(record)}"
    if outcome.found is None:
        return f"{chosen}; the search found nothing that {Verdict.MEETS.word}."
    found = outcome.record(outcome.found)
    return f"{chosen}. The search's own is trial {found.number}, total {found.judged.cost:.2f}."
