"""The proof sheet: the pick, and each weight one step lower."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.sheet import sheet
from models.language.translate import phrase
from studies.report.sheets.style import Sheet, save_sheet
from studies.report.sheets.trial_cell import legend, trial_cell
from studies.run.outcome import Outcome
from studies.workspace import Workspace

if TYPE_CHECKING:
    from PIL.Image import Image


def proof_sheet(workspace: Workspace, outcome: Outcome, *, blurred: bool = True) -> Sheet | None:
    """The pick, and each weight one step lower with what that breaks. None without a proof, as for a pick that a person chose."""
    if outcome.pick is None or outcome.proof is None:
        return None
    pick = outcome.record(outcome.pick)
    lower = {name: outcome.record(judged) for name, judged in outcome.proof.steps.items() if judged}

    def drawn(hidden: bool) -> Image:
        strip = [trial_cell(outcome, pick, hidden=hidden)]
        strip += [trial_cell(outcome, record, phrase("{name} lower", name=name), hidden) for name, record in lower.items()]
        title = phrase(
            "seed {seed}: the pick ({claim}), and each weight one step lower", seed=outcome.seed, claim=phrase(outcome.claim)
        )
        return sheet([strip], title=title, footer=legend(outcome))

    bare = any(record.bare for record in (pick, *lower.values()))
    return save_sheet(workspace, f"proof-{outcome.seed}.png", drawn, bare and blurred)
