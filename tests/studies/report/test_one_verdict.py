"""Whatever a trial's verdict is, every surface shows that one: its word, its colour, and no better claim."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dashboards.lookbook.writing import write_book
from optimizer.evaluate.base import Evaluation
from optimizer.point import Job
from optimizer.search.robustness import Robustness
from optimizer.search.verdict import BEST_SO_FAR, LEAST, Verdict
from studies.callback import SeedPlan, TrialEvent
from studies.cli.progress.json_events import JsonEvents
from studies.cli.progress.live_view import scores_table
from studies.cli.progress.plain_lines import PlainLines
from studies.grid.axes import WeightAxis
from studies.grid.grid import Grid, draw_cells
from studies.report.log import log_stored
from studies.report.lookbook import book_of
from studies.report.optuna_figures import show_figures
from studies.report.sheets.grid import grid_sheet
from studies.report.sheets.proof import proof_sheet
from studies.report.sheets.trials import trials_sheet
from studies.report.verdict import describe
from studies.run.dashboard.notes import write_notes
from studies.run.judge import Judge
from studies.run.outcome import Outcome, TrialRecord
from studies.run.stored_results import Stored, stored
from studies.run.trials import trial_store_of
from studies.study import Study
from studies.testing.lab_study import SPEC, run, study_in
from studies.tracking.memory import MemoryTracker

SEED = 7
ROOT = Path(__file__).parents[3]


@dataclass
class Case:
    """A stored study in which each trial whose own image meets all requirements has one verdict."""

    verdict: Verdict
    study: Study
    found: Stored

    @property
    def outcome(self) -> Outcome:
        return self.found.outcome

    @property
    def shown(self) -> TrialRecord:
        """The pick, or the nearest where nothing is feasible."""
        judged = self.outcome.pick or self.outcome.nearest
        assert judged is not None
        return self.outcome.record(judged)


def robustness_of(record: TrialRecord, verdict: Verdict) -> Robustness | None:
    """What makes this the verdict of a trial that meets all requirements itself."""
    broken = replace(record.judged, violations={**record.judged.violations, "dress": 0.03})
    sides: Mapping[Verdict, Any] = {
        Verdict.ROBUST: {"lower": record.judged, "higher": record.judged},
        Verdict.FRAGILE: {"lower": broken},
    }
    return Robustness(0.02, sides[verdict]) if verdict in sides else None


@pytest.fixture(params=list(Verdict), ids=lambda verdict: str(verdict.name))
def case(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    verdict: Verdict = request.param
    monkeypatch.setenv("COLUMNS", "200")
    off = 0.0 if verdict is Verdict.MEETS else 0.02
    dress = 1.4 if verdict is Verdict.BREAKS else 0.4
    search = {**SPEC["search"], "robustness": off, "require": {"dress": dress, "shoes": 0.4}}
    run(study_in(tmp_path, search={**search, "robustness": 0.0}), budget=10)

    def given(
        study: Study,
        seed: int,
        judge: Judge,
        record: TrialRecord,
        sides: Sequence[str],
        evaluate: Callable[[Job], Evaluation],
    ) -> Robustness | None:
        return robustness_of(record, verdict) if record.judged.feasible else None

    monkeypatch.setattr("studies.run.trials.stored_robustness", given)
    study = study_in(tmp_path, search=search)
    return Case(verdict, study, stored(study, SEED))


def agrees(text: str, verdict: Verdict) -> bool:
    """Whether a text names this verdict and no other that claims more."""
    others = [other.word for other in Verdict if other is not verdict and other is not Verdict.BREAKS]
    named = "breaks" in text if verdict is Verdict.BREAKS else verdict.word in text
    rest = text.replace(verdict.word, "")
    return named and not any(other in rest for other in others)


def colours(image: Image.Image) -> set[str]:
    pixels = np.unique(np.asarray(image.convert("RGB")).reshape(-1, 3), axis=0)
    return {f"#{r:02x}{g:02x}{b:02x}" for r, g, b in pixels}


def test_the_fixture_gives_each_verdict(case: Case) -> None:
    assert case.shown.verdict is case.verdict
    assert (case.outcome.pick is None) == (case.verdict is Verdict.BREAKS)


def test_show_and_its_json(case: Case) -> None:
    text, found = "\n".join(describe(case.outcome)), case.outcome.as_json()
    settled = case.verdict.settled and case.outcome.proof is not None and case.outcome.proof.complete
    assert (LEAST in text) == settled == (found["claim"] == LEAST)
    assert (BEST_SO_FAR in text) == (case.verdict.settled and not settled)
    if not case.verdict.settled and case.verdict.meets:
        assert f"  verdict    {case.verdict.word}" in text.splitlines()
    assert (found["pick"] or found["nearest"])["verdict"] == case.verdict.word


def test_lines_views_and_events_of_a_run(case: Case, capfd: pytest.CaptureFixture[str]) -> None:
    record = case.shown
    event = TrialEvent(record, record if case.outcome.pick else None, 1, 10)
    plan = SeedPlan(SEED, 1, 10, 1.0)
    with PlainLines().seed(plan) as lines:
        lines.on_trial(event)
    assert agrees(capfd.readouterr().err.splitlines()[-1], case.verdict)
    with JsonEvents().seed(plan) as events:
        events.on_trial(event)
    assert json.loads(capfd.readouterr().out.splitlines()[-1])["verdict"] == case.verdict.word
    from rich.console import Console

    console = Console(width=200, force_terminal=True, color_system="truecolor", record=True, file=io.StringIO())
    console.print(scores_table(record, event.best_record))
    html = console.export_html()
    assert case.verdict.word in html
    assert case.verdict.colour in html


def test_notes_and_figures_of_optuna_dashboard(case: Case) -> None:
    store = trial_store_of(case.study, SEED)
    write_notes(store, "outfit", case.outcome)
    show_figures(case.study, case.outcome)
    notes = store.attributes.notes()
    assert agrees(notes[case.shown.number].split("**")[1], case.verdict)
    proven = case.outcome.proof is not None and case.outcome.proof.complete
    assert (LEAST in notes[None]) == (case.verdict.settled and proven)
    if not case.verdict.settled and case.verdict.meets:
        assert agrees(notes[None], case.verdict)
    from optuna_dashboard._custom_plot_data import get_plotly_graph_objects

    figure = json.loads(get_plotly_graph_objects(store.attributes.study.system_attributes())["trade-off"])
    traces = {trace["name"]: trace["marker"]["color"] for trace in figure["data"]}
    traces.pop("the pick", None)
    assert traces == {record.verdict.word: record.verdict.colour for record in case.outcome.trials}


def test_mlflow(case: Case) -> None:
    tracker = MemoryTracker()
    log_stored(tracker, case.study, case.found, blurred=False)
    for record in case.outcome.trials:
        assert tracker.trials[SEED, record.number].tags["verdict"] == record.verdict.word
    tags = tracker.seeds[SEED].tags
    assert tags["verdict"] == (case.verdict.word if case.outcome.pick else "")
    assert tags["claim"] == case.outcome.as_json()["claim"]


def test_sheets(case: Case) -> None:
    sheet = trials_sheet(case.study.workspace, case.outcome, blurred=False)
    proof = proof_sheet(case.study.workspace, case.outcome, blurred=False)
    assert {record.verdict.colour for record in case.outcome.trials} <= colours(Image.open(sheet.path))
    absent = {verdict.colour for verdict in Verdict} - {record.verdict.colour for record in case.outcome.trials}
    assert not absent & colours(Image.open(sheet.path))
    if proof is not None:
        assert case.verdict.colour in colours(Image.open(proof.path))


def test_a_grid_shows_a_trial_as_the_search_judged_it(case: Case) -> None:
    point = case.shown.judged.point
    x, y = (WeightAxis(name, (point.weights[name],)) for name in ("dress", "shoes"))
    grid = Grid(SEED, point, x, y)
    [[cell]] = draw_cells(case.study, {SEED: case.found.judge}, grid, lambda: None)
    assert cell.verdict is case.verdict
    assert agrees(cell.words, case.verdict)
    assert cell.as_json(case.study)["verdict"] == case.verdict.word
    assert case.verdict.colour in colours(grid_sheet(case.study, grid, [[cell]]))


def test_the_look_book(case: Case, tmp_path: Path) -> None:
    index = write_book(book_of(case.study, blurred=False), tmp_path / "book")
    page = index.read_text(encoding="utf-8")
    [stored_data] = re.findall(r'id="book">(.*?)</script>', page, re.DOTALL)
    [seed] = json.loads(stored_data)["seeds"]
    by_number = {trial["number"]: trial for trial in seed["trials"]}
    for record in case.outcome.trials:
        assert by_number[record.number]["mark"] == f"mark-{record.verdict.name.lower()}"
        assert agrees(by_number[record.number]["verdict"], record.verdict)
    assert f".mark-{case.verdict.name.lower()} {{ --mark: {case.verdict.colour}; }}" in page
    assert f".mark-{case.verdict.name.lower()} {{ --mark: {case.verdict.dark_colour}; }}" in page
    [headline] = re.findall(r"<h2.*?</h2>", page)
    proven = case.outcome.proof is not None and case.outcome.proof.complete
    assert (LEAST in headline.lower()) == (case.verdict.settled and proven)
    if not case.verdict.settled and case.verdict.meets:
        assert case.verdict.word in headline.lower()
    assert case.verdict.colour in colours(Image.open(tmp_path / "book" / f"trade-off-{SEED}.png"))


def test_no_surface_has_words_or_colours_of_its_own() -> None:
    """They stand in optimizer/search/verdict.py alone."""
    packages = ("dashboards", "studies", "optimizer")
    files = [file for package in packages for file in (ROOT / package).rglob("*") if file.suffix in (".py", ".js", ".css")]
    own = ROOT / "optimizer" / "search" / "verdict.py"
    words = [LEAST, BEST_SO_FAR, "meets all", "meet all", *(verdict.word for verdict in Verdict)]
    for file in files:
        if file == own or "testing" in file.parts:
            continue
        # Strings of one line: docstrings and comments may say what a word means.
        lines = [line for line in file.read_text(encoding="utf-8").splitlines() if '"""' not in line]
        literals = " ".join(literal for line in lines for literal in re.findall(r'"([^"]*)"', line))
        assert not [word for word in words if word in literals], file
