"""Both dashboards in a browser, on a study that was run and logged: the images are there, and what is feasible stands out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dashboards.servers import Addresses, Stores, running
from studies.report.optuna_figures import show_figures
from studies.run.calibration import calibrate
from studies.run.seed_search import run_seed
from studies.run.trials import trial_store_of
from studies.testing.fake_study import fake_study
from studies.tracking.memory import MemoryTracker
from studies.tracking.mlflow.tracker import local_store
from tests.dashboards.browser import chromium

pytestmark = pytest.mark.slow
SEED = 7
WAIT_MS = 120_000
PICTURES = Path(os.environ["HUANHUA_PICTURES"]) if "HUANHUA_PICTURES" in os.environ else None
"""Where screenshots are left for people to look at."""
LOADED = "image => image.complete && image.naturalWidth > 0"


@dataclass
class Shown:
    """The running dashboards of one study."""

    at: Addresses
    optuna_study: int
    trials: list[dict[str, Any]]
    browser: Any

    def page(self, address: str, name: str) -> Any:
        page = self.browser.new_page(viewport={"width": 1360, "height": 1000})
        page.set_default_timeout(WAIT_MS)
        page.goto(address)
        self.name = name
        return page

    def keep(self, page: Any) -> None:
        if PICTURES is not None:
            page.wait_for_timeout(1500)
            page.screenshot(path=PICTURES / f"{self.name}.png")
        page.close()


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    study = fake_study(tmp_path_factory.mktemp("dashboards") / "study", name="pink dress", size=(128, 192))
    judge = calibrate(study, SEED).judge
    outcome = run_seed(study, SEED, judge=judge, budget=24, tracker=MemoryTracker(), on_trial=lambda event: None)
    show_figures(study, outcome)
    subprocess.run([sys.executable, "-m", "huanhua", "track", str(study.root)], check=True, capture_output=True)
    trial_store_of(study, SEED).attributes.choose(1)
    place = study.workspace
    url, artifacts = local_store(place.root)
    stores = Stores(url, artifacts, place.storage_url(), place.artifacts, place.root / "logs")
    with chromium() as browser, running(stores, 300) as (at, _):
        (summary,) = _json(f"{at.optuna}/api/studies")["study_summaries"]
        trials = _json(f"{at.optuna}/api/studies/{summary['study_id']}?after=0")["trials"]
        yield Shown(at, summary["study_id"], trials, browser)


def _json(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=60) as reply:
        return json.load(reply)


def test_a_trials_note_shows_its_image_and_leads_to_mlflow(shown: Shown) -> None:
    clothed = next(trial for trial in shown.trials if "bare" not in {attr["key"] for attr in trial["user_attrs"]})
    number = clothed["number"]
    page = shown.page(f"{shown.at.optuna}/dashboard/studies/{shown.optuna_study}/trials?numbers={number}", "optuna-trial")
    image = page.locator(f"img[alt='trial {number}']").first
    image.wait_for()
    page.wait_for_function(f"() => [...document.querySelectorAll(\"img[alt='trial {number}']\")].some({LOADED})")
    assert image.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [128, 192]
    page.get_by_text("Rating (1 to 5):").first.wait_for()
    link = page.get_by_role("link", name="Its run in MLflow").first
    address = link.get_attribute("href")
    shown.keep(page)
    page = shown.page(f"{shown.at.optuna}{address}", "mlflow-trial")
    page.wait_for_url(f"{shown.at.mlflow}/**")
    page.get_by_text(f"trial {number}", exact=True).first.wait_for()
    shown.keep(page)


def test_the_pareto_page_tells_feasible_trials_from_others(shown: Shown) -> None:
    page = shown.page(f"{shown.at.optuna}/dashboard/studies/{shown.optuna_study}", "optuna-pareto")
    page.get_by_text("Pareto Front").first.wait_for()
    page.wait_for_function("() => document.querySelectorAll('.js-plotly-plot .scatterlayer .points path').length > 20")
    drawn = page.evaluate(
        "() => { const plot = document.querySelector('.js-plotly-plot');"
        " return [plot.layout.xaxis.title, plot.data.map(trace => [trace.x.length, trace.marker.color])]; }"
    )
    feasible = [trial for trial in shown.trials if all(by <= 0 for by in trial["constraints"])]
    groups = drawn[1]
    assert 0 < len(feasible) < len(shown.trials)
    assert sum(count for count, _ in groups) == len(shown.trials)
    grey = [count for count, colour in groups if colour == "#cccccc"]
    assert grey == [len(shown.trials) - len(feasible)]
    page.get_by_text("Trade-off").first.wait_for()
    shown.keep(page)


def test_the_best_trials_are_feasible(shown: Shown) -> None:
    best = _json(f"{shown.at.optuna}/api/studies/{shown.optuna_study}?after=0")["best_trials"]
    assert best
    assert all(by <= 0 for trial in best for by in trial["constraints"])


def test_mlflow_shows_the_seeds_and_the_image_of_a_trial(shown: Shown) -> None:
    api = f"{shown.at.mlflow}/api/2.0/mlflow"
    experiment = _json(f"{api}/experiments/get-by-name?experiment_name=pink%20dress")["experiment"]["experiment_id"]
    page = shown.page(f"{shown.at.mlflow}/#/experiments/{experiment}/runs?workflowType=machine_learning", "mlflow-runs")
    page.get_by_text(f"seed {SEED}", exact=True).first.wait_for()
    page.get_by_role("link", name=f"seed {SEED}").first.click()
    page.wait_for_url("**/runs/*")
    run = page.url.split("/runs/")[1].split("/")[0].split("?")[0]
    shown.keep(page)
    page = shown.page(f"{shown.at.mlflow}/#/experiments/{experiment}/runs/{run}/artifacts/trials.png", "mlflow-sheet")
    page.wait_for_function(
        f"() => [...document.querySelectorAll('img')].some(image => ({LOADED})(image) && image.naturalWidth > 480)"
    )
    shown.keep(page)
