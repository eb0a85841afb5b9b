"""The contact sheet of scouted seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dashboards.sheet import Cell, Tone, sheet
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
        title = f"{len(found)} seeds at the start weights, the soundest first"
        footer = f"{_legend(found)}. Lock one: huanhua lock STUDY SEED"
        return sheet(rows(cells, COLUMNS), title=title, footer=footer)

    return save_sheet(workspace, "scout.png", drawn, bool(bare) and blurred)


def _legend(found: Sequence[Scouted]) -> str:
    """What the numbers under the images mean."""
    scores = [BY_NAME[name] for name in found[0].soundness.scores] if found else []
    return "; ".join(f"{score.name}: 0 {score.zero}, 1 {score.one}" for score in scores)


def _scout_cell(place: int, scouted: Scouted, locked: bool, hidden: bool) -> Cell:
    faults, scores = scouted.soundness.faults, scouted.soundness.scores
    tone: Tone = "pick" if locked else "bad" if faults else "plain"
    verdict = ", ".join(faults) or ", ".join(["sound", *(f"{name} {value:.2f}" for name, value in scores.items())])
    lines = (f"{place}. seed {scouted.seed}", verdict)
    return Cell(open_image(scouted.evaluation.image, hidden), lines, tone)
