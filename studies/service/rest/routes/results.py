"""What a study leaves: pictures, levels, files for other programs, and both dashboards."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query
from starlette.responses import FileResponse, Response

from models.errors import InputError
from models.language.translate import phrase, translated
from studies.service.rest.asked import Housed, Opened, SeedPath, StudyId
from studies.service.rest.bodies import Dashboards, Exported, ExportedFile, Levels, Rejudged
from studies.service.rest.pictures import LARGE_COPY, stored_picture
from studies.service.rest.problems import described
from studies.service.rest.routes.seeds import rejudged
from studies.service.rooms import NotThereError

router = APIRouter(prefix="/api/studies/{study}", tags=["results"])
FILE: Final = re.compile(r"\w[\w .+-]{0,150}")
KEPT: Final = {"cache-control": "private, max-age=86400, immutable"}
"""A stored image never changes: its name is a hash of all that decides it."""


@router.get("/pictures/{picture}", responses=described(404), response_class=Response)
def picture(
    house: Housed, opened: Opened, picture: str, size: Annotated[Literal["whole", "large", "small"], Query()] = "whole"
) -> Response:
    """An image of the study as it was drawn, PNG; or a copy at a screen's size, or a small one, WebP."""
    path = stored_picture(opened.workspace, picture)
    if size == "whole":
        return FileResponse(path, media_type="image/png", headers=KEPT)
    made = house.small.of(path, LARGE_COPY) if size == "large" else house.small.of(path)
    return Response(made, media_type="image/webp", headers=KEPT)


@router.put("/levels", responses=described(404, 409))
def rejudge(opened: Opened, house: Housed, study: StudyId, body: Levels) -> Rejudged:
    """Other requirements into study.yaml: what is stored is judged anew, and nothing is drawn."""
    from studies.levels.require import set_required

    unknown = [name for name in body.require if name not in opened.spec.searched()]
    if unknown:
        mend = phrase("name one of {searched}", searched=", ".join(opened.spec.searched()))
        raise InputError(phrase("no LoRA called {name} is searched here", name=unknown[0][:80]), opened.spec.name, mend)
    set_required(opened.folder / "study.yaml", body.require)
    return rejudged(house.study(study))


@router.post("/seeds/{seed}/exports/{target}", responses=described(404))
def export(
    study: StudyId, opened: Opened, seed: SeedPath, target: Literal["png", "a1111", "comfyui", "diffusers", "lora"]
) -> Exported:
    """The pick for another program, as `huanhua export` writes it; the files can then be downloaded."""
    from studies.export.export import export_to
    from studies.run.stored_results import stored

    done = export_to(opened, stored(opened, seed).outcome, target)
    files = [_file(study, opened.workspace.exports, path) for path in done.paths]
    return Exported(files=files, notes=[translated(note) for note in done.notes])


@router.get("/exports/{name}", responses=described(404), response_class=FileResponse)
def download(opened: Opened, name: str) -> FileResponse:
    """A file that was exported."""
    folder = opened.workspace.exports.resolve()
    path = folder / name
    if not FILE.fullmatch(name) or path.resolve().parent != folder or not path.is_file():
        raise NotThereError("no such file was exported", name[:80], "export it first")
    return FileResponse(path, filename=name)


@router.post("/dashboards", responses=described(404))
def dashboards(house: Housed, opened: Opened) -> Dashboards:
    """Starts MLflow and optuna-dashboard for this study on loopback, for as long as the service is up."""
    from dashboards.servers import running
    from studies.service.stores import stores_of

    with house.lock:
        if opened.folder not in house.dashboards:
            addresses, _ = house.running.enter_context(running(stores_of(opened, blurred=True)))
            house.dashboards[opened.folder] = addresses
        found = house.dashboards[opened.folder]
    return Dashboards(mlflow=found.mlflow, optuna=found.optuna)


def _file(study: str, exports: Path, path: Path) -> ExportedFile:
    """`path` may lie in a folder of its own below `exports`, or, where another program reads it, elsewhere."""
    name = path.name if path.parent.resolve() == exports.resolve() else ""
    address = f"api/studies/{quote(study)}/exports/{quote(name)}" if name else ""
    return ExportedFile(name=path.name, address=address, bytes=path.stat().st_size if path.is_file() else 0)
