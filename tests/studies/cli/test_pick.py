"""A person overrules the pick, people rate trials, MLflow is caught up: through the verbs, on a study whose models are fakes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dashboards.plots import Point
from models.errors import InputError
from studies.cli.app import app
from studies.run.calibration import calibrate
from studies.run.dashboard.ratings import ASKED
from studies.run.lease import only_runner
from studies.run.seed_search import run_seed
from studies.run.trials import trial_store_of
from studies.study import Study
from studies.testing.fake_study import fake_study
from studies.tracking.memory import MemoryTracker
from studies.tracking.pictures import BlurredPicture

SEED = 7
BUDGET = 14


@pytest.fixture
def tracker(monkeypatch: pytest.MonkeyPatch) -> MemoryTracker:
    made = MemoryTracker()
    monkeypatch.setattr("studies.tracking.study_tracker.open_study_tracker", lambda study, capacity=512: made)
    return made


@pytest.fixture
def study(tmp_path: Path) -> Study:
    made = fake_study(tmp_path / "study")
    judge = calibrate(made, SEED).judge
    run_seed(made, SEED, judge=judge, budget=BUDGET, tracker=MemoryTracker(), on_trial=lambda event: None)
    return made


def huanhua(*words: str | Path | int, status: int = 0) -> str:
    run = CliRunner().invoke(app, list(map(str, words)))
    if run.exception is not None and not isinstance(run.exception, SystemExit):
        raise run.exception
    assert run.exit_code == status, run.output
    return run.stdout


def shown(study: Study) -> Any:
    (seed,) = json.loads(huanhua("show", study.root, "--json"))["seeds"]
    return seed


def broken_trial(study: Study) -> int:
    """A trial that breaks something."""
    trials = [trial for trial in trial_store_of(study, SEED).entries() if trial.point.weights["dress"] < 0.4]
    return trials[0].number


def test_a_choice_by_hand_is_shown_everywhere_and_taken_back(study: Study, tracker: MemoryTracker) -> None:
    before = shown(study)
    other = broken_trial(study)
    printed = huanhua("pick", study.root, "--seed", SEED, "--trial", other)
    assert f"A person chose trial {other}, which breaks dress by" in printed
    assert f"The search's own is trial {before['pick']['trial']}" in printed

    found = shown(study)
    assert (found["pick"]["trial"], found["chosen_by"], found["feasible"]) == (other, "hand", False)
    assert found["found"] == before["pick"]["trial"]
    assert found["proof"] is None
    assert "chosen by hand" in huanhua("show", study.root)
    assert "Chosen by hand" in Path(huanhua("lookbook", study.root).strip()).read_text(encoding="utf-8")
    assert tracker.seeds[SEED].tags["pick"] == f"trial {other}"
    assert tracker.seeds[SEED].tags["chosen"] == "by hand"
    assert "dress" in tracker.seeds[SEED].tags["breaks"]
    assert json.loads(str(tracker.seeds[SEED].artifacts["pick.json"]))["pick"]["trial"] == other
    assert f"trial {other}" in trial_store_of(study, SEED).attributes.notes()[None]
    assert "chosen by hand" in trial_store_of(study, SEED).attributes.notes()[None]

    huanhua("pick", study.root, "--seed", SEED, "--trial", "auto")
    assert shown(study) == before
    assert tracker.seeds[SEED].tags["chosen"] == "by the search"
    assert tracker.seeds[SEED].tags["breaks"] == ""


def test_export_writes_the_choice_and_a_note(study: Study, tracker: MemoryTracker) -> None:
    other = broken_trial(study)
    huanhua("pick", study.root, "--seed", SEED, "--trial", other)
    run = CliRunner().invoke(app, ["export", str(study.root), "--seed", "7", "--to", "a1111"])
    weight = next(entry.point.weights["shoes"] for entry in trial_store_of(study, SEED).entries() if entry.number == other)
    assert f"<lora:shoes:{weight:g}>" in Path(run.stdout.strip()).read_text()
    assert "seed 7: chosen by hand, breaks a requirement\nA person chose trial" in run.stderr


def test_the_search_goes_on_with_a_choice_in_place(study: Study, tracker: MemoryTracker) -> None:
    other = broken_trial(study)
    huanhua("pick", study.root, "--seed", SEED, "--trial", other)
    judge = calibrate(study, SEED).judge
    outcome = run_seed(study, SEED, judge=judge, budget=BUDGET + 4, tracker=tracker, on_trial=lambda event: None)
    assert outcome.by_hand
    assert outcome.pick is not None
    assert outcome.record(outcome.pick).number == other


@pytest.mark.parametrize(
    ("trial", "what"),
    [("99", "no trial 99: seed 7; its trials are 0 to"), ("-1", "no trial number"), ("best", "no trial number: best")],
)
def test_a_trial_that_is_none_changes_nothing(study: Study, tracker: MemoryTracker, trial: str, what: str) -> None:
    with pytest.raises(InputError, match=what):
        huanhua("pick", study.root, "--seed", SEED, f"--trial={trial}")
    assert trial_store_of(study, SEED).attributes.chosen() is None
    assert tracker.seeds == {}


def test_ratings_from_the_dashboard_are_shown(study: Study, tracker: MemoryTracker) -> None:
    trial_store = trial_store_of(study, SEED)
    trial_store.attributes.write_note(2, trial_store.attributes.notes()[2] + "4 nice <b>hem</b>")
    assert "rated      trial 2: 4 of 5 nice <b>hem</b>" in huanhua("show", study.root)
    assert shown(study)["ratings"] == {"2": {"stars": 4.0, "words": "nice <b>hem</b>"}}
    page = Path(huanhua("lookbook", study.root).strip()).read_text(encoding="utf-8")
    assert "Trial 2: 4 of 5 nice &lt;b&gt;hem&lt;/b&gt;" in page
    assert "<b>hem" not in page
    huanhua("pick", study.root, "--seed", SEED, "--trial", "1")
    assert trial_store_of(study, SEED).attributes.notes()[2].endswith(f"{ASKED} 4 nice <b>hem</b>"), "a later note keeps it"


def test_track_logs_all_that_the_study_holds_and_nothing_twice(study: Study, tracker: MemoryTracker) -> None:
    for _ in range(2):
        huanhua("track", study.root)
    numbers = [entry.number for entry in trial_store_of(study, SEED).entries()]
    assert sorted(tracker.trials) == [(SEED, number) for number in numbers]
    seed = tracker.seeds[SEED]
    assert seed.finished
    assert set(seed.artifacts) >= {"ladders.png", "calibration.json", "trials.png", "pick.json"}
    assert seed.params["references.dress"] == "photos"
    assert seed.tags["feasible"] == "yes"


def test_what_the_seed_was_run_with_is_logged_by_its_hashes(study: Study, tracker: MemoryTracker) -> None:
    huanhua("track", study.root)
    by_key = {given.name: given for given in tracker.seeds[SEED].inputs}
    assert set(by_key) == {f"{kind} {name}" for kind in ("LoRA", "references") for name in ("face", "dress", "shoes")}
    dress, photos = by_key["LoRA dress"], by_key["references dress"]
    assert dress.digest == hashlib.sha256((study.root / "dress.safetensors").read_bytes()).hexdigest()
    assert dress.trained == {"huanhua.lora_sha256": dress.digest, "sshs_model_hash": f"{study.lora_facts['dress'].hash}%"}
    files = sorted((study.root / "photos").iterdir())
    assert photos.details["files"] == {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.mark.parametrize("words", [("pick", "--seed", "7", "--trial", "1"), ("track",)])
def test_nothing_is_written_while_a_runner_has_the_study(study: Study, tracker: MemoryTracker, words: tuple[str, ...]) -> None:
    with (
        only_runner(study.storage_url, study.spec.name, lambda line: None),
        pytest.raises(InputError, match="another runner has this study"),
    ):
        huanhua(words[0], study.root, *words[1:])
    assert trial_store_of(study, SEED).attributes.chosen() is None
    assert tracker.seeds == {}


def test_pictures_with_little_clothing_are_logged_as_a_blur_unless_asked_for(study: Study, tracker: MemoryTracker) -> None:
    judge = calibrate(study, SEED).judge
    run_seed(study, SEED, judge=judge, budget=BUDGET, tracker=tracker, on_trial=lambda event: None)
    trial_store = trial_store_of(study, SEED)
    bare = {entry.number for entry in trial_store.entries() if entry.point.weights["dress"] == 0}
    by_key = {number: run.artifacts["render.png"] for (_, number), run in tracker.trials.items()}
    assert {number for number, picture in by_key.items() if isinstance(picture, BlurredPicture)} == bare
    tracker.trials.clear()
    huanhua("track", study.root, "--no-blur")
    assert not any(isinstance(run.artifacts["render.png"], BlurredPicture) for run in tracker.trials.values())


def test_the_figures_ring_the_pick(study: Study, tracker: MemoryTracker, monkeypatch: pytest.MonkeyPatch) -> None:
    from dashboards import optuna_figures

    figures: list[Any] = []
    real = optuna_figures.trade_off_figure

    def seen(points: list[Point], **more: Any) -> Any:
        figures.append((len(points), more["pick"], more["required"]))
        return real(points, **more)

    monkeypatch.setattr(optuna_figures, "trade_off_figure", seen)
    huanhua("pick", study.root, "--seed", SEED, "--trial", "1")
    assert figures == [(len(trial_store_of(study, SEED).entries()), 1, 0.4)]
