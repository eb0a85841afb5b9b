"""What MLflow and a shared Optuna storage show is what was run: studies that were deleted, copied, moved, or share a name."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import optuna
import pytest

from models.errors import InputError
from models.io.sqlite_url import sqlite_url
from studies.pipeline import pick_trial, run_study, track_study
from studies.report.lookbook import book_of
from studies.run.dashboard.notes import mlflow_link
from studies.run.stored_results import stored_outcomes
from studies.run.trials import trial_store_of
from studies.service.stores import stores_of
from studies.study import Study
from studies.testing.fake_study import FakeWorld, fake_study, opened_on
from studies.testing.postgres import missing_postgres, postgres
from studies.tracking import registry
from studies.tracking.memory import MemoryTracker
from studies.tracking.mlflow.tracker import MlflowTracker, local_store
from studies.workspace import identity_of

if TYPE_CHECKING:
    from mlflow.entities import Run

# MLflow and the SQLAlchemy under it use what they themselves declare old.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
SEED = 7


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow is written to without a process of its own, which takes seconds to start."""
    trackers = {**registry.TRACKERS, "sqlite": partial(MlflowTracker, separate_process=False)}
    monkeypatch.setattr(registry, "TRACKERS", trackers)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database that studies share."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "shared.db")
        return
    if reason := missing_postgres():
        pytest.skip(reason)
    with postgres() as server:
        yield server.url


def study_in(root: Path, *, state: int = 0, tracking: str = "") -> Study:
    """A fake study; `state` makes its search propose other trials."""
    fake_study(root)
    file = root / "study.yaml"
    text = file.read_text(encoding="utf-8").replace("robustness: 0", f"robustness: 0, random_state: {state}")
    file.write_text(text + (f"tracking: {{{tracking}}}\n" if tracking else ""), encoding="utf-8")
    return reopened(root)


def reopened(root: Path) -> Study:
    return opened_on(root, FakeWorld((64, 96)))


def mlflow_in(folder: Path, database: Path) -> str:
    """The URL of an MLflow store in `folder`, made from the template."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(database, folder / "mlflow.db")
    return local_store(folder)[0]


def runs_in(url: str, kind: str, name: str = "fake") -> list[Run]:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=url)
    experiment = client.get_experiment_by_name(name)
    assert experiment is not None
    found = client.search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"])
    return [run for run in found if run.data.tags["huanhua.kind"] == kind]


def trials_shown(url: str, study: Study) -> dict[int, dict[str, float]]:
    """The trials under the run of the seed that shows those of `study`: number and parameters."""
    shows = trial_store_of(study, SEED).attributes.run_id()
    (parent,) = [run for run in runs_in(url, "seed") if run.data.tags.get("huanhua.run") == shows]
    assert (parent.info.run_name, parent.info.status) == (f"seed {SEED}", "FINISHED")
    children = [run for run in runs_in(url, "trial") if run.data.tags["mlflow.parentRunId"] == parent.info.run_id]
    assert len({run.data.tags["huanhua.trial"] for run in children}) == len(children)
    return {int(run.data.tags["huanhua.trial"]): _numbers(run.data.params) for run in children}


def trials_run(study: Study) -> dict[int, dict[str, float]]:
    (outcome,) = stored_outcomes(study, SEED)
    return {record.number: _numbers(record.params()) for record in outcome.trials}


def _numbers(params: Any) -> dict[str, float]:
    return {key: float(value) for key, value in params.items()}


def test_after_a_study_was_deleted_in_optuna_mlflow_shows_the_new_trials(tmp_path: Path, database: Path) -> None:
    study = study_in(tmp_path / "study")
    url = mlflow_in(study.workspace.root, database)
    run_study(study, trials=8)
    before = trials_run(study)
    assert trials_shown(url, study) == before
    optuna.delete_study(study_name=f"fake-seed-{SEED}", storage=study.storage_url)
    study = study_in(study.root, state=5)
    run_study(study, trials=6)
    assert trials_run(study) != before
    assert trials_shown(url, study) == trials_run(study)
    assert [run.info.run_name for run in runs_in(url, "seed")] == [f"seed {SEED} (earlier)", f"seed {SEED}"]
    link = mlflow_link("fake", SEED, 0, trial_store_of(study, SEED).attributes.run_id())
    assert link in trial_store_of(study, SEED).attributes.notes()[0]


def test_after_a_workspace_was_deleted_a_server_shows_the_new_trials(tmp_path: Path, database: Path) -> None:
    url = mlflow_in(tmp_path / "server", database)
    study = study_in(tmp_path / "study", tracking=f'mlflow: "{url}"')
    run_study(study, trials=8)
    shutil.rmtree(study.workspace.root)
    study = study_in(tmp_path / "study", state=5, tracking=f'mlflow: "{url}"')
    run_study(study, trials=6)
    assert len(trials_run(study)) == 6, "nothing was stored in the file that was deleted"
    assert trials_shown(url, study) == trials_run(study)


def test_two_studies_of_one_name_on_one_server_have_their_own_runs(tmp_path: Path, database: Path) -> None:
    url = mlflow_in(tmp_path / "server", database)
    studies = [study_in(tmp_path / name, state=i, tracking=f'mlflow: "{url}"') for i, name in enumerate(("one", "two"))]
    for study in studies:
        run_study(study, trials=6)
    assert trials_run(studies[0]) != trials_run(studies[1])
    for study in (*studies, *studies):
        track_study(reopened(study.root))
        assert trials_shown(url, study) == trials_run(study)
    assert [run.info.run_name for run in runs_in(url, "seed")] == [f"seed {SEED}"] * 2
    assert len(runs_in(url, "trial")) == sum(len(trials_run(study)) for study in studies)


def test_a_copy_that_goes_on_by_itself_has_its_own_runs_on_a_server(tmp_path: Path, database: Path) -> None:
    url = mlflow_in(tmp_path / "server", database)
    first = study_in(tmp_path / "one", tracking=f'mlflow: "{url}"')
    run_study(first, trials=5)
    shutil.copytree(first.root, tmp_path / "two")
    second = study_in(tmp_path / "two", state=5, tracking=f'mlflow: "{url}"')
    run_study(second, trials=7)
    run_study(first, trials=6)
    assert identity_of(first.workspace).id != identity_of(second.workspace).id
    assert len(runs_in(url, "seed")) == 2
    for study, owner in ((first, identity_of(first.workspace)), (second, identity_of(second.workspace))):
        mine = [run for run in runs_in(url, "trial") if run.data.tags["huanhua.workspace"] == owner.id]
        assert {int(r.data.tags["huanhua.trial"]): _numbers(r.data.params) for r in mine} == trials_run(study)


def test_runs_of_an_earlier_version_are_found_again_by_what_they_show(tmp_path: Path, database: Path) -> None:
    from mlflow import MlflowClient

    study = study_in(tmp_path / "study")
    url = mlflow_in(study.workspace.root, database)
    run_study(study, trials=6)
    client = MlflowClient(tracking_uri=url)
    for run in (*runs_in(url, "seed"), *runs_in(url, "trial")):
        client.delete_tag(run.info.run_id, "huanhua.run")
    track_study(study)
    assert len(runs_in(url, "seed")) == 1
    assert len(runs_in(url, "trial")) == 6
    assert trials_shown(url, study) == trials_run(study)


def test_pictures_of_a_study_that_was_moved_and_of_one_that_was_copied_show(tmp_path: Path, database: Path) -> None:
    from mlflow import MlflowClient

    study = study_in(tmp_path / "old place")
    url = mlflow_in(study.workspace.root, database)
    run_study(study, trials=5)
    shutil.copytree(study.root, tmp_path / "100% 衣服?" / "copy#2")
    shutil.move(study.root, tmp_path / "new")
    for root in (tmp_path / "100% 衣服?" / "copy#2", tmp_path / "new"):
        moved = reopened(root)
        stores = stores_of(moved, blurred=True)
        client, url = MlflowClient(tracking_uri=stores.mlflow_url), stores.mlflow_url
        for run in runs_in(url, "trial"):
            assert run.info.artifact_uri.startswith(moved.workspace.root.as_uri())
            assert "render.png" in {item.path for item in client.list_artifacts(run.info.run_id)}
        run_study(moved, trials=6)
        assert trials_shown(url, moved) == trials_run(moved)
        assert len(runs_in(url, "trial")) == 6
        assert all(
            (moved.workspace.artifacts / t.user_attrs["artifact"]).is_file() for t in trial_store_of(moved, SEED).finished()
        )


def test_another_study_of_one_name_in_a_shared_storage_is_refused(tmp_path: Path, storage: str) -> None:
    shared = f'storage: "{storage}"'
    first, second = (study_in(tmp_path / name, state=i, tracking=shared) for i, name in enumerate(("one", "two")))
    run_study(first, trials=5, tracker=MemoryTracker())
    stored = trials_run(first)
    for ask in (
        lambda: run_study(second, trials=5, tracker=MemoryTracker()),
        lambda: run_study(second, [9], trials=5, tracker=MemoryTracker()),
        lambda: stored_outcomes(second, SEED),
        lambda: book_of(second, blurred=True),
        lambda: pick_trial(second, SEED, 0),
        lambda: track_study(second),
    ):
        with pytest.raises(
            InputError, match=r"another study of this name, with its workspace in .*one.* on .*: fake; give this one"
        ):
            ask()
    assert trials_run(first) == stored


def test_a_study_that_was_deleted_in_a_shared_storage_is_made_anew_and_shown(
    tmp_path: Path, database: Path, storage: str
) -> None:
    url = mlflow_in(tmp_path / "server", database)
    tracking = f'storage: "{storage}", mlflow: "{url}"'
    study, other = (study_in(tmp_path / name, tracking=tracking) for name in ("one", "two"))
    run_study(study, trials=8)
    opened = optuna.storages.RDBStorage(storage)
    optuna.delete_study(study_name=f"fake-seed-{SEED}", storage=opened)
    opened.remove_session()
    opened.engine.dispose()
    with pytest.raises(InputError, match="another study of this name"):
        run_study(other, trials=5)
    study = study_in(study.root, state=5, tracking=tracking)
    run_study(study, trials=6)
    assert len(trials_run(study)) == 6
    assert trials_shown(url, study) == trials_run(study)
    # Of another name, the same storage takes it.
    file = other.root / "study.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("name: fake", "name: fake-two"), encoding="utf-8")
    run_study(reopened(other.root), trials=5, tracker=MemoryTracker())
    assert len(trials_run(reopened(other.root))) == 5
    assert len(trials_run(study)) == 6


def test_a_study_with_a_shared_storage_goes_on_where_it_was_moved_and_a_copy_is_refused(tmp_path: Path, storage: str) -> None:
    shared = f'storage: "{storage}"'
    study = study_in(tmp_path / "one", tracking=shared)
    run_study(study, trials=5, tracker=MemoryTracker())
    shutil.copytree(study.root, tmp_path / "copy")
    with pytest.raises(InputError, match="another study of this name"):
        run_study(reopened(tmp_path / "copy"), trials=6, tracker=MemoryTracker())
    shutil.move(study.root, tmp_path / "moved")
    run_study(reopened(tmp_path / "moved"), trials=6, tracker=MemoryTracker())
    assert len(trials_run(reopened(tmp_path / "moved"))) == 6


def test_trials_that_an_earlier_version_left_in_a_shared_storage_are_known_by_their_images(tmp_path: Path, storage: str) -> None:
    from sqlalchemy import create_engine, text

    url = storage
    shared = f'storage: "{url}"'
    study, other = (study_in(tmp_path / name, tracking=shared) for name in ("one", "two"))
    run_study(study, trials=5, tracker=MemoryTracker())
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("drop table huanhua_studies"))
    engine.dispose()
    (study.workspace.root / "identity.json").unlink()
    with pytest.raises(InputError, match="another study of this name, of another workspace"):
        run_study(other, trials=6, tracker=MemoryTracker())
    run_study(reopened(study.root), trials=6, tracker=MemoryTracker())
    assert len(trials_run(study)) == 6
