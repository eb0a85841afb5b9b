"""Composes the pictures that people look at from what the verbs found; the drawing itself is done by dashboards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dashboards.sheet import Box, Cell, Tone, sheet
from models.blur import blurred as blur
from scorers.scores import Scores
from studies.bareness import little_clothing
from studies.outcome import Outcome, TrialRecord
from studies.tracking.pictures import Picture
from studies.workspace import Workspace

if TYPE_CHECKING:
    from PIL.Image import Image

    from studies.building import Study
    from studies.calibrating import Ladder
    from studies.gridding import Grid, GridCell
    from studies.scouting import Scouted
    from trainers.manifest import Manifest

COLUMNS = 8


@dataclass(frozen=True)
class Sheet:
    """A sheet in the workspace, and its copy for dashboards, in which images with little clothing may be blurred."""

    path: Path
    copy: Picture


def photo_sheet(manifest: Manifest, dataset: Path) -> Path:
    """Every photo with its boxes and tags, as `contact-sheet.png` in the training set."""
    from models.images import open_photo

    cells = []
    for record in manifest.photos:
        boxes = (Box(*record.wearer, label="wearer"), Box(*record.thing, label=manifest.kind))
        image = open_photo(Path(manifest.folder) / record.file)
        cells.append(Cell(image, (record.file, ", ".join(record.train.tags) or "no tags"), boxes=boxes))
    path = dataset / "contact-sheet.png"
    sheet(rows(cells, 6), title=f"{manifest.trigger}: {len(cells)} photos", footer="; ".join(manifest.warnings), tall=260).save(
        path
    )
    return path


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


def ladder_sheet(workspace: Workspace, ladders: Sequence[Ladder], *, blurred: bool = True) -> Sheet:
    """Each LoRA alone at rising weights, with its raw similarity."""
    bare = {step.image for ladder in ladders for step in ladder.steps if little_clothing(step.observation)}

    def drawn(hidden: bool) -> Image:
        cells = [
            [Cell(open_image(step.image, hidden and step.image in bare),
                  (f"weight {step.point.weights[ladder.lora]:g}", f"raw {raw:.3f}"))
             for step, raw in zip(ladder.steps, ladder.raw, strict=True)]
            for ladder in ladders
        ]  # fmt: skip
        title = "Each LoRA alone: the best of a row is its 1"
        return sheet(cells, title=title, row_labels=[ladder.lora for ladder in ladders])

    return _saved(workspace, "ladders.png", drawn, bool(bare) and blurred)


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


def grid_sheet(study: Study, grid: Grid, cells: Sequence[Sequence[GridCell]], *, blurred: bool = False) -> Image:
    """A grid of two axes with the scores and the verdict under each image; those with little clothing `blurred` if asked for."""
    judged = [cell.breaks is not None for row in cells for cell in row]
    legend = ["green: meets every requirement"] if any(judged) else []
    legend += [] if all(judged) else ["raw: similarity to the photos, where the seed was not calibrated"]
    return sheet(
        [[_grid_cell(cell, hidden=blurred and cell.bare) for cell in row] for row in cells],
        title=_staying(study, grid),
        column_labels=grid.x.labels,
        row_labels=grid.y.labels,
        footer="; ".join(legend),
    )


def _grid_cell(cell: GridCell, *, hidden: bool) -> Cell:
    scores = {**(cell.raw if cell.calibrated is None else cell.calibrated), "hands": cell.hands}
    # A name and its number stay on one line.
    shown = "  ".join(
        f"{name}\N{NO-BREAK SPACE}{'-' if value is None else format(value, '.2f')}" for name, value in scores.items()
    )
    image = open_image(cell.image, hidden)
    if cell.breaks is None:
        return Cell(image, (shown, "raw, no verdict"))
    verdict = f"breaks {', '.join(cell.breaks)}" if cell.breaks else "meets all"
    return Cell(image, (shown, verdict), "plain" if cell.breaks else "good")


def _staying(study: Study, grid: Grid) -> str:
    """What stays the same all over the grid."""
    render, point = study.spec.render, grid.centre
    found = {"seed": f"seed {grid.seed}", **{name: f"{name} {weight:.2f}" for name, weight in point.weights.items()}}
    found |= {"cfg": f"CFG {point.cfg:g}", "steps": f"{point.steps or render.steps} steps"}
    found |= {"sampler": point.sampler or render.sampler}
    if grid.z is not None and grid.z[0].touches == {"prompt"}:
        found["z"] = f"prompt: {grid.z[0].labels[grid.z[1]]}"
    return "  ".join(text for name, text in found.items() if name not in grid.x.touches | grid.y.touches)


def score_line(scores: Scores) -> str:
    shown = [f"{n} {'-' if v is None else format(v, '.2f')}" for n, v in scores.expression.items()]
    return "  ".join([*shown, f"hands {scores.hands:.2f}"])


def weights_line(weights: Mapping[str, float]) -> str:
    return "  ".join(f"{n} {w:.2f}" for n, w in weights.items())


def rows(cells: Sequence[Cell], columns: int) -> list[list[Cell]]:
    return [list(cells[at : at + columns]) for at in range(0, len(cells), columns)]


def open_image(path: Path, hidden: bool = False) -> Image:
    from PIL import Image

    with Image.open(path) as stored:
        image = stored.convert("RGB")
    return blur(image) if hidden else image


def _saved(workspace: Workspace, name: str, drawn: Callable[[bool], Image], hiding: bool) -> Sheet:
    """`drawn` draws the sheet, with bare images blurred if it is told so."""
    path = save(workspace, name, drawn(False))
    return Sheet(path, drawn(True) if hiding else path)


def save(workspace: Workspace, name: str, picture: Image) -> Path:
    workspace.pictures.mkdir(parents=True, exist_ok=True)
    path = workspace.pictures / name
    picture.save(path)
    return path


def _trial_cell(outcome: Outcome, record: TrialRecord, lead: str = "", hidden: bool = False) -> Cell:
    picked = outcome.pick is not None and record.judged.point.key() == outcome.pick.point.key()
    tone: Tone = "pick" if picked else "good" if record.judged.feasible else "bad"
    head = lead or f"{record.number}. {record.phase}"
    verdict = f"total {record.judged.cost:.2f}" if record.judged.feasible else f"breaks {', '.join(record.breaks())}"
    image = open_image(record.image, hidden and record.bare)
    return Cell(image, (head, weights_line(record.judged.point.weights), score_line(record.scores), verdict), tone)


def _legend(outcome: Outcome) -> str:
    needs = ", ".join(f"{n} at least {v:g}" for n, v in outcome.require.items())
    moved = "" if outcome.drift_allowed is None else f", drift at most {outcome.drift_allowed:.2f}"
    how = " The pick was chosen by hand." if outcome.by_hand else ""
    return f"Required: {needs}, hands at most {outcome.hands_allowed:.2f}{moved}, body as in the locked image.{how}"
