"""What was made of a pick's picture, as the page shows it beside that: the mended one, and the large one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboards.lookbook.data import image_data
from models.language.translate import said, translated
from studies.report.sheets.large import parts_of
from studies.run.mended.mended import PART_WORDS
from studies.run.verdicts.enlarging import large_words, tries_words
from studies.run.verdicts.mending import mended_words

if TYPE_CHECKING:
    from dashboards.lookbook.book import SeedPage
    from dashboards.lookbook.frame import Framer
    from studies.run.large.large import Large
    from studies.run.mended.mended import Mended
    from studies.run.outcome import Outcome


def made_of_pick(outcome: Outcome, page: SeedPage, framer: Framer) -> dict[str, Any]:
    """Both; None for what is not there."""
    return {
        "mended": None if outcome.mended is None else _mended(outcome.mended, page, framer),
        "large": None if outcome.large is None else _large(outcome.large, page, framer),
    }


def _mended(mended: Mended, page: SeedPage, framer: Framer) -> dict[str, Any]:
    """With where it was redrawn, in shares of the picture."""
    shown = _beside(mended, page, framer)
    size = shown["size"] * 2
    return {
        **shown,
        "words": translated(mended_words(mended)),
        "redrawn": [
            {"part": said(PART_WORDS[one.part]), "mask": [round(at / whole, 4) for at, whole in zip(one.mask, size, strict=True)]}
            for one in mended.redrawn
        ],
    }


def _large(large: Large, page: SeedPage, framer: Framer) -> dict[str, Any]:
    """With what it was made of, the redrawings that were not kept, and which parts are worth a look, in shares of the picture."""
    size = large.making.size * 2
    return {
        **_beside(large, page, framer),
        "words": translated(large_words(large)),
        "tries": [translated(line) for line in tries_words(large.making)],
        "of_mended": large.making.mended,
        "parts": {
            name: [round(at / whole, 4) for at, whole in zip(box, size, strict=True)]
            for name, box in parts_of(large.observation, large.making.size).items()
        },
    }


def _beside(made: Mended | Large, page: SeedPage, framer: Framer) -> dict[str, Any]:
    """Scored as trials are."""
    from dashboards.lookbook.book import JudgedImage
    from scorers.score.other_faces import distinct_name

    trial, scores = page.trials[page.nearest if page.pick is None else page.pick], made.scores
    judged = JudgedImage(
        image=made.image,
        at=trial.at,
        cost=trial.cost,
        scores={**scores.expression, **scores.graded, **{distinct_name(n): by for n, by in scores.other_faces.items()}},
        raw=scores.raw,
        breaks={name: by for name, by in made.judged.violations.items() if not by <= 0},
        faults=scores.counted,
        bare=made.bare,
    )
    shown = image_data(judged, page.requirements, framer.place(judged, ""), framer)
    return {**shown, "trial": made.trial, "feasible": made.feasible}
