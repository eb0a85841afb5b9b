"""dashboards: MLflow and optuna-dashboard on this machine only."""

from __future__ import annotations

import typer

from studies.cli.options import BlurOption, StudyArgument, WorkspaceOption, open_study


def register(app: typer.Typer) -> None:
    app.command()(dashboards)


def dashboards(study: StudyArgument, blur: BlurOption = True, workspace: WorkspaceOption = None) -> None:
    """Start the MLflow UI and optuna-dashboard on loopback; Ctrl-C stops both."""
    from dashboards.servers import Addresses, Stores, serve
    from models.errors import InputError
    from studies.tracking import local_store

    opened = open_study(study, workspace)
    place, spec = opened.workspace, opened.spec.tracking
    if spec.storage is None and not (place.root / "optuna.db").exists():
        raise InputError("nothing was run here yet", place.root, "run `huanhua run STUDY` first")

    url, mlflow_artifacts = local_store(place.root)

    def tell(addresses: Addresses) -> None:
        typer.echo(f"MLflow            {addresses.mlflow}")
        typer.echo(f"optuna-dashboard  {addresses.optuna}")
        typer.echo("Ctrl-C stops both")

    serve(
        Stores(
            mlflow_url=spec.mlflow or url,
            mlflow_artifacts=mlflow_artifacts,
            storage_url=spec.storage or place.storage_url(),
            artifacts=place.artifacts,
            logs=place.root / "logs",
            blurred=blur,
        ),
        tell,
    )
