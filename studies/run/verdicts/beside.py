"""What lies beside a trial's picture, as lines with a label each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studies.run.verdicts.enlarging import large_words, tries_words
from studies.run.verdicts.mending import advice_to_mend, mended_words

if TYPE_CHECKING:
    from studies.run.outcome import Outcome


def beside_lines(outcome: Outcome) -> list[tuple[str, str]]:
    """The mended picture, or where mending may help, and the large one."""
    lines = []
    if outcome.mended is not None:
        lines += [("mended", mended_words(outcome.mended)), ("", str(outcome.mended.image))]
    elif advice_to_mend(outcome):
        lines += [("mend", advice_to_mend(outcome))]
    if outcome.large is not None:
        lines += [("large", large_words(outcome.large)), *(("", line) for line in tries_words(outcome.large.making))]
        lines += [("", str(outcome.large.image))]
    return lines
