"""serve, submit, status: studies that wait for each other on a machine that is always on."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from studies.cli.look import HostOption, public_at, stores_of
from studies.cli.options import BlurOption, JsonOption, StudyArgument, WorkspaceOption, open_study

DEFAULT = "http://127.0.0.1:8265"
AddressOption = Annotated[str, typer.Option("--address", help="where `huanhua serve` takes studies")]


def register(app: typer.Typer) -> None:
    app.command()(serve)
    app.command()(submit)
    app.command()(status)


def serve(
    study: StudyArgument,
    blur: BlurOption = True,
    workspace: WorkspaceOption = None,
    host: HostOption = None,
    at_once: Annotated[int, typer.Option(min=1, help="studies that run at a time; the others wait")] = 1,
    port: Annotated[int, typer.Option(help="Ray's own port")] = 6379,
    jobs_port: Annotated[int, typer.Option(help="the port that takes studies")] = 8265,
) -> None:
    """Keep a Ray head and both dashboards of a study's stores up, on loopback; Ctrl-C stops all three."""
    from dashboards.ray_head import ray_head
    from dashboards.servers import Addresses, kept_up, to_show

    stores = stores_of(open_study(study, workspace), blurred=blur)
    public = public_at(host)
    with ray_head(stores.logs, port=port, jobs_port=jobs_port, runners=at_once) as head:
        typer.echo(f"studies           {head.jobs}  (huanhua submit STUDY)")
        if not to_show(stores):
            typer.echo("dashboards        start with the first trial of this study")

        def tell(addresses: Addresses) -> None:
            typer.echo(f"MLflow            {addresses.mlflow}")
            typer.echo(f"optuna-dashboard  {addresses.optuna}")
            typer.echo(f"logs              {stores.logs}")

        kept_up(stores, tell, head.keep_up, public=public)


def submit(
    study: StudyArgument,
    trials: Annotated[int | None, typer.Option(min=4, help="images a seed, proof included")] = None,
    workers: Annotated[int | None, typer.Option("--ray-workers", min=1, help="workers on CPU slots, not one a GPU")] = None,
    address: AddressOption = DEFAULT,
) -> None:
    """Queue a study. Its file must have the same path where the service runs."""
    from studies.service import connect
    from studies.service import submit as queue
    from studies.spec import study_file

    opened = open_study(study, None)
    options = ["--trials", str(trials)] if trials is not None else []
    job, log = queue(connect(address), opened, study_file(study), options, workers)
    typer.echo(f"queued as {job}; its log: {log}")


def status(address: AddressOption = DEFAULT, as_json: JsonOption = False) -> None:
    """List the studies that are queued, running and finished."""
    from studies.service import connect, list_all, trials_of

    found = list_all(connect(address), trials_of)
    if as_json:
        typer.echo(json.dumps({"studies": [asdict(queued) for queued in found]}, default=str))
        return
    for queued in found:
        typer.echo(queued.line())
    if not found:
        typer.echo("no study was submitted yet")
