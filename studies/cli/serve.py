"""serve: keeps a Ray head and both dashboards up."""

from __future__ import annotations

from typing import Annotated

import typer

from models.language.translate import said
from models.language.width import padded
from studies.cli.options import BlurOption, HostOption, StudyArgument, WorkspaceOption, open_study


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
    from dashboards.servers import Addresses, anything_to_show, keep_serving
    from studies.service.stores import public_at, stores_of

    stores = stores_of(open_study(study, workspace), blurred=blur)
    public = public_at(host)
    with ray_head(stores.logs, port=port, jobs_port=jobs_port, runners=at_once) as head:
        typer.echo(f"{padded(said('studies'), 17)} {head.jobs}  (huanhua submit STUDY)")
        if not anything_to_show(stores):
            typer.echo(said("dashboards        start with the first trial of this study"))

        def print_addresses(addresses: Addresses) -> None:
            typer.echo(f"MLflow            {addresses.mlflow}")
            typer.echo(f"optuna-dashboard  {addresses.optuna}")
            typer.echo(f"{padded(said('logs'), 17)} {stores.logs}")

        keep_serving(stores, print_addresses, head.keep_up, public=public)
