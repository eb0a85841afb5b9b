"""The sheets of a seed's trials and of its proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.sheet import Cell, Tone, sheet
from studies.run.outcome import Outcome, TrialRecord
from studies.workspace import Workspace

if TYPE_CHECKING:
    from PIL.Image import Image

from studies.report.sheets.style import COLUMNS, Sheet, _saved, open_image, rows, score_line, weights_line


def trials_sheet(workspace: Workspace, outcome: Outcome, *, blurred: bool = True) -> Sheet:
    """All trials of a seed in order, the pick framed."""

    def drawn(hidden: bool) -> Image:
        cells = [_trial_cell(outcome, record, hidden=hidden) for record in outcome.trials]
        title = f"seed {outcome.seed}: {len(outcome.trials)} trials"
        return sheet(rows(cells, COLUMNS), title=title, footer=_legend(outcome))

    bare = any(record.bare for record in outcome.trials)
    return _saved(workspace, f"trials-{outcome.seed}.png", drawn, bare and blurred)


def proof_sheet(workspace: Workspace, outcome: Outcome, *, blurred: bool = True) -> Sheet | None:
    """The pick, and each weight one step lower with what that breaks. None without a proof, as of a pick chosen by hand."""
    if outcome.pick is None or outcome.proof is None:
        return None
    pick = outcome.record(outcome.pick)
    lower = {name: outcome.record(judged) for name, judged in outcome.proof.steps.items() if judged}

    def drawn(hidden: bool) -> Image:
        strip = [_trial_cell(outcome, pick, hidden=hidden)]
        strip += [_trial_cell(outcome, record, f"{name} lower", hidden) for name, record in lower.items()]
        title = f"seed {outcome.seed}: the pick, and each weight one step lower"
        return sheet([strip], title=title, footer=_legend(outcome))

    bare = any(record.bare for record in (pick, *lower.values()))
    return _saved(workspace, f"proof-{outcome.seed}.png", drawn, bare and blurred)


def _trial_cell(outcome: Outcome, record: TrialRecord, lead: str = "", hidden: bool = False) -> Cell:
    picked = outcome.pick is not None and record.judged.point.key() == outcome.pick.point.key()
    tone: Tone = "pick" if picked else "good" if record.judged.feasible else "bad"
    head = lead or f"{record.number}. {record.phase}"
    verdict = f"total {record.judged.cost:.2f}" if record.judged.feasible else f"breaks {', '.join(record.breaks())}"
    image = open_image(record.image, hidden and record.bare)
    return Cell(image, (head, weights_line(record.judged.point.weights), score_line(record.scores), verdict), tone)


def _legend(outcome: Outcome) -> str:
    required = [f"{n} at least {v:g}" for n, v in outcome.require.items()]
    by_number_first = sorted(outcome.limits, key=lambda limit: limit.score.counted)
    required += [limit.describe() for limit in by_number_first if limit.value is not None]
    how = " The pick was chosen by hand." if outcome.by_hand else ""
    return f"Required: {', '.join(required)}.{how}"
