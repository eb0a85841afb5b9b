"""dashboards: MLflow and optuna-dashboard, on this machine only by default."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import typer

from models.language.translate import said
from models.language.width import padded
from studies.cli.options import BlurOption, HostOption, StudyArgument, WorkspaceOption, open_study

if TYPE_CHECKING:
    from dashboards.servers import Public
    from studies.study import Study


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
        for title, page in _pages(opened, addresses.mlflow, public).items():
            typer.echo(f"  {padded(title, 16)}{page}")
        typer.echo(f"optuna-dashboard  {addresses.optuna}")
        typer.echo(said("Ctrl-C stops both"))

    public = public_at(host)
    serve(stores_of(opened, blurred=blur), print_addresses, public=public)


def _pages(study: Study, mlflow: str, public: Public | None) -> dict[str, str]:
    """The pages of MLflow that show this study: its front page is about something else. Those that it does not give are left
    out."""
    from dashboards.optuna_routes import Login, run_page, runs_page
    from dashboards.servers import USER
    from studies.run.stored_results import stored_seeds
    from studies.run.trials import trial_store_of

    name, login = study.spec.name, None if public is None else Login(USER, public.password)
    found: dict[str, str | None] = {}
    with suppress(OSError):
        found[said("all runs")] = runs_page(mlflow, name, login)
        for seed in stored_seeds(study):
            run = trial_store_of(study, seed).attributes.run_id()
            found[said("seed {seed}", seed=seed)] = run_page(mlflow, name, seed, None, login, run_id=run)
    return {title: page for title, page in found.items() if page is not None}
