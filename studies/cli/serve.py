"""serve: the wardrobe, a page on which one dresses a figure; with --ray a Ray head and both dashboards for many studies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from models.errors import InputError
from models.language.translate import said
from models.language.width import padded
from studies.cli.options import BlurOption, WorkspaceOption, open_study
from studies.project.typed import typed_study


def serve(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="a project, a study or its workspace, or a folder of studies", parser=typed_study),
    ],
    host: Annotated[
        str | None, typer.Option("--host", help="an address of this machine where others reach the page, by a token")
    ] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="of the page; 8270 by default")] = None,
    new_token: Annotated[
        bool, typer.Option("--new-token", help="with --host: another token; the one before opens nothing more")
    ] = False,
    ray: Annotated[
        bool, typer.Option("--ray", help="instead of the page: a Ray head that takes studies, and a study's dashboards")
    ] = False,
    blur: BlurOption = True,
    workspace: WorkspaceOption = None,
    at_once: Annotated[int, typer.Option(min=1, help="with --ray: studies that run at a time; the others wait")] = 1,
    ray_port: Annotated[int, typer.Option(help="Ray's own port")] = 6379,
    jobs_port: Annotated[int, typer.Option(help="the port where Ray takes studies")] = 8265,
) -> None:
    """Keep the wardrobe up: a page where one chooses LoRAs and seeds and sees them tried on; Ctrl-C ends it."""
    if ray:
        if port is not None or new_token:
            raise InputError("Ray has no page", "--port, --new-token", "leave them out, or leave out --ray")
        _serve_ray(folder, workspace, host, blur=blur, ports=(ray_port, jobs_port), at_once=at_once)
        return
    if workspace is not None:
        raise InputError("the page shows each study with the workspace beside it", "--workspace", "leave it out, or add --ray")
    _serve_page(folder, host, port, new_token=new_token)


def _serve_page(folder: Path, host: str | None, port: int | None, *, new_token: bool) -> None:
    from dashboards.loopback import HOST_NAMES
    from dashboards.optuna_server import HOST
    from studies.service.rest.serving import PORT, Place
    from studies.service.rest.serving import serve as serve_page
    from studies.service.rooms import rooms_of

    rooms = rooms_of(folder)
    if new_token and (host or HOST) in HOST_NAMES:
        raise InputError("on this machine no token is asked for", "--new-token", "name an address beyond it: --host")

    def print_address(address: str, token: str | None) -> None:
        typer.echo(said("page   {address}", address=address))
        if token is not None:
            typer.echo(said("token  {token}  (shown once: the page asks for it)", token=token))
        typer.echo(said("Ctrl-C ends it; a study that is being run goes on with the next serve"))

    serve_page(rooms, Place(host or HOST, PORT if port is None else port), print_address, new_token=new_token)


def _serve_ray(
    folder: Path, workspace: Path | None, host: str | None, *, blur: bool, ports: tuple[int, int], at_once: int
) -> None:
    from dashboards.ray_head import ray_head
    from dashboards.servers import Addresses, anything_to_show, keep_serving
    from studies.service.stores import public_at, stores_of

    stores = stores_of(open_study(folder, workspace), blurred=blur)
    public = public_at(host)
    with ray_head(stores.logs, port=ports[0], jobs_port=ports[1], runners=at_once) as head:
        typer.echo(f"{padded(said('studies'), 17)} {head.jobs}  (huanhua submit STUDY)")
        if not anything_to_show(stores):
            typer.echo(said("dashboards        start with the first trial of this study"))

        def print_addresses(addresses: Addresses) -> None:
            typer.echo(f"MLflow            {addresses.mlflow}")
            typer.echo(f"optuna-dashboard  {addresses.optuna}")
            typer.echo(f"{padded(said('logs'), 17)} {stores.logs}")

        keep_serving(stores, print_addresses, head.keep_up, public=public)
