"""Arguments that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from studies.study import Study
    from studies.tracking.base import Tracker

StudyArgument = Annotated[Path, typer.Argument(metavar="STUDY", help="a study.yaml, or its folder")]
WorkspaceOption = Annotated[
    Path | None, typer.Option("--workspace", help="where everything the study makes lies; 'workspace' beside it by default")
]
BlurOption = Annotated[bool, typer.Option("--blur/--no-blur", help="show images with little clothing as a blur in dashboards")]
JsonOption = Annotated[bool, typer.Option("--json", help="print the result as JSON")]


def open_study(path: Path, workspace: Path | None) -> Study:
    """Reads and checks the study file; opens no model yet."""
    from studies.spec import read_spec, study_file
    from studies.study import Study
    from studies.workspace import workspace_of

    file = study_file(path)
    return Study(read_spec(file), file.parent, workspace_of(file, workspace))


def open_tracker(study: Study, capacity: int = 512) -> Tracker:
    """`capacity` is how many records may wait for the server."""
    from studies.tracking.mlflow.tracker import MlflowTracker, local_store

    folder = study.workspace.make().root
    uri = study.spec.tracking.mlflow
    if uri is None:
        uri, artifacts = local_store(folder)
        return MlflowTracker(uri, study.spec.name, artifacts, capacity)
    return MlflowTracker(uri, study.spec.name, capacity=capacity)
