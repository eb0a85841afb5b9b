"""Photo sets as clients get them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from models.errors import InputError
from models.language.translate import translated
from studies.service.queue.jobs import Job, job_of
from studies.service.rest.bodies import Job as JobBody
from studies.service.rest.cards import card_id
from studies.service.rest.views import job_view
from studies.service.rooms import Rooms
from studies.service.sets.album import Album
from studies.service.sets.bodies import BaseLine, Means, SetLine, SetPage
from studies.service.sets.orders import NONE, bases, parser_of, tagger_of, trained_file
from studies.service.sets.photo_set import PhotoSet


def set_line(photo_set: PhotoSet) -> SetLine:
    """One that cannot be read is listed with its problem."""
    try:
        kind, trigger = photo_set.facts()
        job, problem = _job(photo_set), None
    except InputError as error:
        kind, trigger, job, problem = None, photo_set.name, None, error.translated()
    count = len(photo_set.photo_names())
    return SetLine(id=photo_set.name, kind=kind, trigger=trigger, photos=count, problem=problem, job=job)


def set_page(photo_set: PhotoSet) -> SetPage:
    """Raises InputError for one that cannot be read."""
    kind, trigger = photo_set.facts()
    album, job = Album(photo_set), job_of(photo_set.workspace)
    cards = album.cards()
    file = _trained(photo_set.rooms, job)
    return SetPage(
        id=photo_set.name,
        kind=kind,
        trigger=trigger,
        photos=len(cards),
        problem=None,
        job=None if job is None else job_view(photo_set.rooms, photo_set.jobs, job),
        cards=cards,
        is_cut=photo_set.is_cut,
        is_stale=photo_set.is_stale(),
        advice=[] if album.manifest is None else [translated(line) for line in album.manifest.warnings],
        samples=[_sample(photo_set, path) for path in sample_files(photo_set)],
        lora=None if file is None else card_id(file.resolve()),
        file=None if file is None else file.name,
    )


def means_view(rooms: Rooms) -> Means:
    found = [BaseLine(id=base.id, name=_base_name(base.path), family=base.family) for base in bases(rooms)]
    return Means(bases=found, parser=parser_of(rooms) != NONE, tagger=tagger_of(rooms) != NONE)


def sample_files(photo_set: PhotoSet) -> list[Path]:
    """Images of the last training, by steps and seed."""
    return sorted(photo_set.samples.glob("step-*.png")) if photo_set.samples.is_dir() else []


def _sample(photo_set: PhotoSet, path: Path) -> str:
    return f"api/sets/{quote(photo_set.name)}/samples/{quote(path.name)}?at={path.stat().st_mtime_ns}"


def _job(photo_set: PhotoSet) -> JobBody | None:
    job = job_of(photo_set.workspace)
    return None if job is None else job_view(photo_set.rooms, photo_set.jobs, job)


def _trained(rooms: Rooms, job: Job | None) -> Path | None:
    """What the last job trained, if that is there."""
    if job is None or job.verb != "train" or job.state != "finished":
        return None
    file = trained_file(job.words)
    return file if file.is_file() and file.parent == rooms.loras_folder else None


def _base_name(path: Path) -> str:
    return path.stem if path.is_file() else path.name
