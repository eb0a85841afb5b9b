"""The contact sheet of scouted seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dashboards.sheet import Cell, Tone, sheet
from studies.run.blur_policy import little_clothing
from studies.workspace import Workspace

if TYPE_CHECKING:
    from PIL.Image import Image

    from studies.run.scouting import Scouted
from studies.report.sheets.style import COLUMNS, Sheet, _saved, open_image, rows


def scout_sheet(workspace: Workspace, found: Sequence[Scouted], locked: Sequence[int], *, blurred: bool = True) -> Sheet:
    """The contact sheet of scouted seeds, best first."""
    bare = {scouted.seed for scouted in found if little_clothing(scouted.evaluation.observation)}

    def drawn(hidden: bool) -> Image:
        cells = [_scout_cell(place, s, s.seed in locked, hidden and s.seed in bare) for place, s in enumerate(found, 1)]
        title = f"{len(found)} seeds at the start weights, the soundest first"
        footer = "hands: 0 whole, 1 broken. Lock one: huanhua lock STUDY SEED"
        return sheet(rows(cells, COLUMNS), title=title, footer=footer)

    return _saved(workspace, "scout.png", drawn, bool(bare) and blurred)


def _scout_cell(place: int, scouted: Scouted, locked: bool, hidden: bool) -> Cell:
    tone: Tone = "pick" if locked else "bad" if scouted.faults else "plain"
    lines = (f"{place}. seed {scouted.seed}", ", ".join(scouted.faults) or f"sound, hands {scouted.hands:.2f}")
    return Cell(open_image(scouted.evaluation.image, hidden), lines, tone)
