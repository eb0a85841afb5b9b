"""The trials sheet: all trials of a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.sheet import sheet
from models.counted import counted
from models.language.translate import phrase
from studies.report.sheets.style import COLUMNS, Sheet, rows, save_sheet
from studies.report.sheets.trial_cell import legend, trial_cell
from studies.run.outcome import Outcome
from studies.workspace import Workspace

if TYPE_CHECKING:
    from PIL.Image import Image


def trials_sheet(workspace: Workspace, outcome: Outcome, *, blurred: bool = True) -> Sheet:
    """All trials of a seed in order, the pick framed."""

    def drawn(hidden: bool) -> Image:
        cells = [trial_cell(outcome, record, hidden=hidden) for record in outcome.trials]
        title = phrase(
            "seed {seed}: {count}; {claim}",
            seed=outcome.seed,
            count=counted(len(outcome.trials), "trial"),
            claim=phrase(outcome.claim),
        )
        return sheet(rows(cells, COLUMNS), title=title, footer=legend(outcome))

    bare = any(record.bare for record in outcome.trials)
    return save_sheet(workspace, f"trials-{outcome.seed}.png", drawn, bare and blurred)
