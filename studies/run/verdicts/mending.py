"""What to say of a mended picture, and where mending hands may help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from models.language.translate import joined, phrase
from optimizer.search.verdict import Verdict, own_image
from scorers.score.body import BODY
from scorers.score.hands import HANDS
from studies.run.mended.mended import PART_WORDS

if TYPE_CHECKING:
    from studies.run.mended.mended import Mended
    from studies.run.outcome import Outcome

COMMAND: Final = "huanhua mend STUDY --parts hands --seed {seed}"
JUST_GOOD: Final = 0.1
"""How near to what is allowed hands are only just good."""


def mended_words(mended: Mended) -> str:
    """`hands of trial 7 redrawn 1 time: meets every requirement`."""
    parts = joined(phrase(" and "), [phrase(PART_WORDS[part]) for part in mended.parts])
    shows = (
        phrase("the picture {verdict}", verdict=phrase(Verdict.MEETS.word))
        if mended.feasible
        else phrase("the picture breaks {broken}", broken=", ".join(mended.breaks()))
    )
    if mended.held is not None:
        words = "{parts} of trial {number}, led by {net}: {shows}"
        return phrase(words, parts=parts, number=mended.trial, net=mended.held.name, shows=shows)
    return phrase("{parts} of trial {number}: {shows}", parts=parts, number=mended.trial, shows=shows)


def advice_to_mend(outcome: Outcome) -> str:
    """What to type where hands alone block the seed, or the pick's are only just good; empty elsewhere."""
    record = outcome.shown
    if record is None or not outcome.mendable or outcome.mended is not None:
        return ""
    violations = own_image(record.judged).violations
    by = violations.get(HANDS.name)
    command = COMMAND.format(seed=outcome.seed)
    if by is None:
        return ""
    broken = {name for name, other in violations.items() if not other <= 0}
    if outcome.pick is None:
        alone = HANDS.name in broken and broken <= {HANDS.name, BODY.name}
        return phrase("hands alone block it: `{command}` redraws them", command=command) if alone else ""
    just = -JUST_GOOD < by <= 0 and record.scores.graded.get(HANDS.name, 0.0) > 0
    return phrase("its hands are only just good: `{command}` redraws them", command=command) if just else ""
