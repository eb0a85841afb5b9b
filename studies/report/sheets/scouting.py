"""The contact sheet of scouted seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dashboards.sheet import Cell, Tone, sheet
from models.language.translate import joined, phrase
from scorers.score.registry import BY_NAME
from studies.report.sheets.style import COLUMNS, Sheet, open_image, rows, save_sheet
from studies.run.blur_policy import little_clothing
from studies.workspace import Workspace

if TYPE_CHECKING:
    from PIL.Image import Image

    from studies.run.scouting import Scouted


def scout_sheet(workspace: Workspace, found: Sequence[Scouted], locked: Sequence[int], *, blurred: bool = True) -> Sheet:
    """The contact sheet of scouted seeds, best first."""
    bare = {scouted.seed for scouted in found if little_clothing(scouted.evaluation.observation)}

    def drawn(hidden: bool) -> Image:
        cells = [_scout_cell(place, s, s.seed in locked, hidden and s.seed in bare) for place, s in enumerate(found, 1)]
        title = phrase("{count} seeds at the start weights, the soundest first", count=len(found))
        footer = phrase("{legend}. Lock one: huanhua lock STUDY SEED", legend=_legend(found))
        return sheet(rows(cells, COLUMNS), title=title, footer=footer)

    return save_sheet(workspace, "scout.png", drawn, bool(bare) and blurred)


def _legend(found: Sequence[Scouted]) -> str:
    """What the numbers under the images mean."""
    scores = [BY_NAME[name] for name in found[0].soundness.scores] if found else []
    meanings = (phrase("{name}: 0 {zero}, 1 {one}", name=s.name, zero=phrase(s.zero), one=phrase(s.one)) for s in scores)
    return joined("; ", meanings)


def _scout_cell(place: int, scouted: Scouted, locked: bool, hidden: bool) -> Cell:
    faults, scores = scouted.soundness.faults, scouted.soundness.scores
    tone: Tone = "pick" if locked else "bad" if faults else "plain"
    values = (f"{name} {value:.2f}" for name, value in scores.items())
    verdict = joined(", ", faults) or joined(", ", [phrase("sound"), *values])
    lines = (phrase("{place}. seed {seed}", place=place, seed=scouted.seed), verdict)
    return Cell(open_image(scouted.evaluation.image, hidden), lines, tone)
