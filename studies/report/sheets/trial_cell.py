"""One trial on a sheet, and the legend below: shared by the sheets of trials and of the proof."""

from __future__ import annotations

from dashboards.sheet import Cell, Tone
from models.language.translate import joined, phrase
from studies.report.sheets.style import open_image, score_line
from studies.run.outcome import Outcome, TrialRecord
from studies.run.verdicts.words import trial_words


def trial_cell(outcome: Outcome, record: TrialRecord, lead: str = "", hidden: bool = False) -> Cell:
    """A trial with its weights, scores and verdict. `lead` replaces its number and phase; `hidden` blurs a bare image."""
    picked = outcome.pick is not None and record.judged.point.key() == outcome.pick.point.key()
    tone: Tone = "pick" if picked else "plain"
    head = phrase(
        "{lead}, total {cost:.2f}",
        lead=lead or phrase("{number}. {phase}", number=record.number, phase=phrase(record.phase)),
        cost=record.judged.cost,
    )
    image = open_image(record.image, hidden and record.bare)
    lines = (head, record.weights_line(), score_line(record.scores), trial_words(record))
    return Cell(image, lines, tone, mark=record.verdict)


def legend(outcome: Outcome) -> str:
    """What an image must meet at this seed."""
    required: list[str] = [phrase("{name} at least {least:g}", name=n, least=v) for n, v in outcome.require.items()]
    by_number_first = sorted(outcome.limits, key=lambda limit: limit.score.counted)
    required += [limit.describe() for limit in by_number_first if limit.value is not None]
    how = phrase(" The pick was chosen by hand.") if outcome.by_hand else ""
    return phrase("Required: {required}.{how}", required=joined(", ", required), how=how)
