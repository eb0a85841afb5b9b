"""dashboards: MLflow and optuna-dashboard, on this machine only by default."""

from __future__ import annotations

import typer

from studies.cli.options import BlurOption, HostOption, StudyArgument, WorkspaceOption, open_study


def dashboards(study: StudyArgument, blur: BlurOption = True, workspace: WorkspaceOption = None, host: HostOption = None) -> None:
    """Start the MLflow UI and optuna-dashboard on loopback; Ctrl-C stops both."""
    from dashboards.servers import Addresses, serve
    from models.errors import InputError
    from studies.service.stores import public_at, stores_of

    opened = open_study(study, workspace)
    if opened.spec.tracking.storage is None and not (opened.workspace.root / "optuna.db").exists():
        raise InputError("nothing was run here yet", opened.workspace.root, "run `huanhua run STUDY` first")

    def print_addresses(addresses: Addresses) -> None:
        typer.echo(f"MLflow            {addresses.mlflow}")
        typer.echo(f"optuna-dashboard  {addresses.optuna}")
        typer.echo("Ctrl-C stops both")

    serve(stores_of(opened, blurred=blur), print_addresses, public=public_at(host))
