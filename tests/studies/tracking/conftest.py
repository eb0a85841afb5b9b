"""An MLflow database to copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from studies.tracking.mlflow.tracker import MlflowTracker, local_store


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database made by a tracker itself, copied by each test because making one takes seconds."""
    folder = tmp_path_factory.mktemp("template") / "new"
    uri, artifacts = local_store(folder)
    tracker = MlflowTracker(uri, "first", artifacts, separate_process=False)
    tracker.log_text(None, "a.txt", "")
    assert tracker.close().titles == ()
    return folder / "mlflow.db"
