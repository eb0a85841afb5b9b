"""Stored trials: whole or not there, as Optuna itself stores them, with notes that optuna-dashboard reads."""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import Any

import optuna
import psutil
import pytest
from optuna.artifacts import get_all_artifact_meta
from optuna.trial import FrozenTrial, TrialState
from PIL import Image
from sqlalchemy.exc import DBAPIError

from models.errors import InputError
from optimizer.point import Point
from optimizer.search.space import Axis, Space
from optimizer.search.verdict import Verdict
from optimizer.trial_store.storages import MAX_OPEN
from optimizer.trial_store.store import LOWER_OF, TrialStore
from optimizer.trial_store.transaction import store_trial

SPACE = Space({name: Axis(0.0, 1.0, 0.05) for name in ("dress", "shoes")}, 5.0)
VIOLATIONS = {"dress": -0.1, "hands": 0.25}


@pytest.fixture
def trial_store(tmp_path: Path) -> TrialStore:
    Image.new("RGB", (8, 12), "red").save(tmp_path / "drawn.png")
    return TrialStore("look-seed-7", f"sqlite:///{tmp_path / 'optuna.db'}", SPACE, tmp_path / "artifacts")


def add(trial_store: TrialStore, dress: float, **more: Any) -> int:
    image = trial_store.artifacts.parent / "drawn.png"
    attrs = {"phase": "search", "scores": {"dress": 0.5}}
    values = (dress, 0.5, 0.0, 0.1)
    return trial_store.add(
        Point({"dress": dress, "shoes": 0.4}, 5.0), values=values, violations=VIOLATIONS, attrs=attrs, image=image, **more
    )


def study_of(trial_store: TrialStore) -> optuna.Study:
    return optuna.load_study(study_name=trial_store.name, storage=trial_store.storage)


def attributes(trial_store: TrialStore) -> dict[str, Any]:
    study = study_of(trial_store)
    return study._storage.get_study_system_attrs(study._study_id)


def test_looking_makes_nothing(trial_store: TrialStore, tmp_path: Path) -> None:
    assert trial_store.entries() == []
    assert (trial_store.attributes.notes(), trial_store.attributes.chosen(), trial_store.drop_unfinished()) == ({}, None, 0)
    assert not (tmp_path / "optuna.db").exists()
    add(trial_store, 0.4)
    other = TrialStore("look-seed-8", trial_store.storage, SPACE, trial_store.artifacts)
    assert other.entries() == []
    assert optuna.get_all_study_names(trial_store.storage) == ["look-seed-7"]


def test_a_trial_is_what_optuna_and_its_dashboard_expect(trial_store: TrialStore) -> None:
    assert [add(trial_store, weight) for weight in (0.4, 0.35)] == [0, 1]
    assert [(entry.number, entry.point.weights["dress"], entry.phase) for entry in trial_store.entries()] == [
        (0, 0.4, "search"),
        (1, 0.35, "search"),
    ]
    study = study_of(trial_store)
    first = study.trials[0]
    assert study.metric_names == ["total weight", "worst garment", "identity", "broken hands"]
    assert first.constraints.items() >= VIOLATIONS.items()
    assert first.system_attrs["constraints"] == [-0.1, 0.25]
    (meta,) = get_all_artifact_meta(first, storage=study._storage)
    assert (meta.artifact_id, meta.mimetype) == (first.user_attrs["artifact"], "image/png")
    with Image.open(trial_store.artifacts / meta.artifact_id) as stored:
        assert stored.getpixel((0, 0)) == (255, 0, 0)


def test_one_transaction_writes_what_optuna_writes(trial_store: TrialStore) -> None:
    add(trial_store, 0.4)
    study = study_of(trial_store)
    template = optuna.trial.create_trial(
        values=[1.0, float("inf"), float("-inf"), 0.0],
        params={"dress": 0.4, "shoes": 0.0},
        distributions=SPACE.distributions(),
        user_attrs={"phase": "proof", "scores": {"dress": None, "衣服": 0.1}},
        system_attrs={"constraints": [0.1]},
        constraints={"dress": 0.1},
    )
    theirs = study._storage.create_new_trial(study._study_id, template_trial=template)
    ours, number = store_trial(study._storage, study._study_id, template, lambda identity, number: {"told": [identity, number]})
    first, second = (told(study._storage.get_trial(identity)) for identity in (theirs, ours))
    assert first == second
    assert number == 2
    assert [trial.number for trial in study.get_trials()] == [0, 1, 2]
    assert study._storage.get_study_system_attrs(study._study_id)["told"] == [ours, 2]


def told(trial: FrozenTrial) -> dict[str, Any]:
    kept = ("state", "values", "params", "distributions", "user_attrs", "system_attrs", "datetime_start", "datetime_complete")
    return {name: getattr(trial, name) for name in kept}


def test_a_trial_that_cannot_be_stored_leaves_nothing(trial_store: TrialStore) -> None:
    add(trial_store, 0.4)
    with pytest.raises(ZeroDivisionError):
        add(trial_store, 0.3, note=lambda number, picture: str(1 / 0))
    assert len(trial_store.entries()) == 1
    assert add(trial_store, 0.3) == 1


def test_a_damaged_database_is_said_in_one_line(trial_store: TrialStore, tmp_path: Path) -> None:
    (tmp_path / "optuna.db").write_bytes(b"this is no database at all, whatever its name says" * 40)
    with pytest.raises(InputError, match="the storage does not open"):
        trial_store.entries()


def test_an_image_that_is_gone_stores_no_trial(trial_store: TrialStore, tmp_path: Path) -> None:
    (tmp_path / "drawn.png").unlink()
    with pytest.raises(FileNotFoundError):
        add(trial_store, 0.3)
    assert trial_store.entries() == []


def test_trials_that_a_killed_run_left_are_no_results(trial_store: TrialStore) -> None:
    add(trial_store, 0.4)
    study_of(trial_store).ask(SPACE.distributions())
    assert trial_store.drop_unfinished() == 1
    assert len(trial_store.entries()) == 1
    assert study_of(trial_store).trials[1].state == TrialState.FAIL


class OperationalError(Exception):
    """As the driver of a database server raises it."""


@pytest.mark.parametrize("committed", [False, True])
def test_a_trial_whose_commit_was_not_confirmed_is_stored_once(
    trial_store: TrialStore, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    add(trial_store, 0.4)
    broken: list[Any] = []

    def breaks_once(*given: Any) -> tuple[int, int]:
        if broken:
            return store_trial(*given)
        if committed:
            store_trial(*given)
        broken.append(given)
        raise DBAPIError("commit", {}, OperationalError("the server closed the connection"))

    monkeypatch.setattr("optimizer.trial_store.store.store_trial", breaks_once)
    monkeypatch.setattr("optimizer.trial_store.retry.time.sleep", lambda seconds: None)
    assert add(trial_store, 0.3) == 1
    assert len(broken) == 1
    assert [entry.number for entry in trial_store.entries()] == [0, 1]
    assert [entry.image is not None and entry.image.is_file() for entry in trial_store.entries()] == [True, True]


def test_conditions_are_kept_with_the_study_and_looking_for_them_makes_none(trial_store: TrialStore, tmp_path: Path) -> None:
    assert trial_store.attributes.fingerprint() == {}
    assert not (tmp_path / "optuna.db").exists()
    trial_store.attributes.set_fingerprint({"base": ["hash", "name"]})
    assert TrialStore(trial_store.name, trial_store.storage, SPACE, trial_store.artifacts).attributes.fingerprint() == {
        "base": ["hash", "name"]
    }


def test_trials_that_wait_are_no_results_either(trial_store: TrialStore) -> None:
    add(trial_store, 0.4)
    study_of(trial_store).enqueue_trial({"dress": 0.1, "shoes": 0.1})
    assert trial_store.drop_unfinished() == 1
    assert add(trial_store, 0.3) == 2


def test_a_study_that_was_deleted_meanwhile_is_one_line(trial_store: TrialStore) -> None:
    add(trial_store, 0.4)
    optuna.delete_study(study_name=trial_store.name, storage=trial_store.storage)
    with pytest.raises(InputError, match="its Optuna study was deleted meanwhile: look-seed-7; give the same command again"):
        add(trial_store, 0.3)
    again = TrialStore(trial_store.name, trial_store.storage, SPACE, trial_store.artifacts)
    assert add(again, 0.3) == 0
    assert [entry.point.weights["dress"] for entry in again.entries()] == [0.3]


def test_a_database_that_was_deleted_is_made_anew(trial_store: TrialStore, tmp_path: Path) -> None:
    """An open connection would write to the file that is gone."""
    add(trial_store, 0.4)
    for file in tmp_path.glob("optuna.db*"):
        file.unlink()
    again = TrialStore(trial_store.name, trial_store.storage, SPACE, trial_store.artifacts)
    assert again.entries() == []
    assert add(again, 0.3) == 0
    assert len(study_of(again).trials) == 1


def test_few_databases_stay_open_however_many_are_looked_at(tmp_path: Path) -> None:
    Image.new("RGB", (8, 12)).save(tmp_path / "drawn.png")
    for number in range(MAX_OPEN + 4):
        add(TrialStore("a", f"sqlite:///{tmp_path / f'{number}.db'}", SPACE, tmp_path / "artifacts"), 0.4)
    gc.collect()
    held = {Path(file.path).name for file in psutil.Process().open_files() if Path(file.path).parent == tmp_path}
    assert 0 < len([name for name in held if name.endswith(".db")]) <= MAX_OPEN


def test_notes_are_those_of_optuna_dashboard(trial_store: TrialStore) -> None:
    from optuna_dashboard import get_note, save_note

    long = "很长 " * 1500
    add(trial_store, 0.4, note=lambda number, picture: f"trial {number} at {picture}\n{long}")
    study = study_of(trial_store)
    trial = optuna.trial.Trial(study, study.trials[0]._trial_id)
    artifact = study.trials[0].user_attrs["artifact"]
    assert get_note(trial) == f"trial 0 at /artifacts/{study._study_id}/{trial._trial_id}/{artifact}\n{long}"
    assert trial_store.attributes.notes() == {0: get_note(trial)}
    save_note(trial, "short\n\nRating (1 to 5): 4")
    save_note(study, "all of it")
    assert trial_store.attributes.notes() == {0: "short\n\nRating (1 to 5): 4", None: "all of it"}
    trial_store.attributes.write_note(0, long)
    trial_store.attributes.write_note(None, "less")
    assert get_note(trial) == long
    assert get_note(study_of(trial_store)) == "less"
    assert attributes(trial_store)[f"dashboard:{trial._trial_id}:note_ver"] == 3


def test_a_choice_is_kept_and_taken_back(trial_store: TrialStore) -> None:
    add(trial_store, 0.4)
    assert trial_store.attributes.chosen() is None
    trial_store.attributes.choose(0)
    assert TrialStore(trial_store.name, trial_store.storage, SPACE, trial_store.artifacts).attributes.chosen() == 0
    trial_store.attributes.choose(None)
    assert trial_store.attributes.chosen() is None


def test_a_figure_is_shown_once_by_its_name(trial_store: TrialStore) -> None:
    from dashboards.optuna_figures import course_figure, trade_off_figure
    from dashboards.plots import Point as Shown

    add(trial_store, 0.4)
    points = [Shown(0, 0.8, 0.5, Verdict.MEETS), Shown(1, 0.6, 0.3, Verdict.BREAKS)]
    trial_store.attributes.show_figure("trade-off", trade_off_figure(points, title="<b>one</b>", required=0.4, pick=0))
    trial_store.attributes.show_figure("trade-off", trade_off_figure(points, title="two", required=None, pick=None))
    trial_store.attributes.show_figure("course", course_figure({"dress": [0.5, None]}, [0, 1], title="course"))
    from optuna_dashboard._custom_plot_data import get_plotly_graph_objects

    held = get_plotly_graph_objects(attributes(trial_store))
    assert set(held) == {"trade-off", "course"}
    figure = json.loads(held["trade-off"])
    assert [trace["name"] for trace in figure["data"]] == ["breaks a requirement", "meets every requirement"]
    assert figure["layout"]["title"] == {"text": "two"}


def test_a_lower_neighbour_is_stored_where_it_was_drawn_with_the_point_it_stands_for(trial_store: TrialStore) -> None:
    add(trial_store, 0.4)
    near = TrialStore(trial_store.name, trial_store.storage, SPACE, trial_store.artifacts, off=0.02)
    attrs = {"phase": "proof", "scores": {}, LOWER_OF: {"dress": 0.05, "shoes": 0.0}}
    image = trial_store.artifacts.parent / "drawn.png"
    lower = Point({"dress": 0.03, "shoes": 0.0}, 5.0)
    near.add(lower, values=(0.03, 0.5, 0.0, 0.1), violations=VIOLATIONS, attrs=attrs, image=image)
    assert [(e.point, e.lower_of) for e in near.entries()] == [
        (Point({"dress": 0.4, "shoes": 0.4}, 5.0), None),
        (lower, Point({"dress": 0.05, "shoes": 0.0}, 5.0)),
    ]
    assert [trial.params for trial in study_of(near).trials] == [{"dress": 0.4, "shoes": 0.4}, {"dress": 0.03, "shoes": 0.0}]
