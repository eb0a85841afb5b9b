"""Studies: list, create, show, run, stop, resume, scout, and what happens to them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent

from models.errors import InputError
from models.language.translate import phrase
from studies.service.queue.jobs import ask_to_end, job_of
from studies.service.rest.asked import Folder, Housed, Opened, StudyId
from studies.service.rest.bodies import Job, NewStudy, Run, Scout, Stop, StudyLine, StudyPage
from studies.service.rest.feed import Happened
from studies.service.rest.house import House
from studies.service.rest.problems import described
from studies.service.rest.views import job_view, line_view, page_view
from studies.study import Study

router = APIRouter(prefix="/api/studies", tags=["studies"])


@router.get("", responses=described())
def list_studies(house: Housed) -> list[StudyLine]:
    """All studies of the served folder; the id of the folder itself is `~`."""
    return [line_view(house.rooms, key, place) for key, place in house.rooms.folders().items()]


@router.post("", status_code=201, responses=described(404, 409))
def create_study(house: Housed, body: NewStudy) -> StudyPage:
    """A new study, as `huanhua init` writes it."""
    return page_view(house.rooms, body.name, _created(house, body))


@router.get("/{study}", responses=described(404))
def show_study(study: StudyId, house: Housed, opened: Opened) -> StudyPage:
    """One study: what it wears, how it is drawn, what is asked of it."""
    return page_view(house.rooms, study, opened)


@router.post("/{study}/run", status_code=202, responses=described(404, 409))
def run_study(house: Housed, opened: Opened, body: Run) -> Job:
    """Queues `huanhua run`; what an earlier run drew counts."""
    _check_seeds(opened, body.seeds)
    words = [word for seed in dict.fromkeys(body.seeds) for word in ("--seed", str(seed))]
    return job_view(house.rooms, opened.folder, house.queue(opened, "run", _with_trials(words, body.trials)))


@router.post("/{study}/resume", status_code=202, responses=described(404, 409))
def resume_study(house: Housed, opened: Opened) -> Job:
    """Queues the last job again: it goes on from what is stored."""
    last = job_of(opened.workspace)
    if last is None:
        raise InputError("nothing was asked of this study yet", opened.folder, "run it first")
    return job_view(house.rooms, opened.folder, house.queue(opened, last.verb, list(last.words)))


@router.post("/{study}/scout", status_code=202, responses=described(404, 409))
def scout_study(house: Housed, opened: Opened, body: Scout) -> Job:
    """Queues `huanhua scout`: random seeds at the start weights."""
    words = [] if body.seeds is None else ["--seeds", str(body.seeds)]
    return job_view(house.rooms, opened.folder, house.queue(opened, "scout", words))


@router.post("/{study}/stop", responses=described(404))
def stop_study(opened: Opened, body: Stop) -> dict[str, str]:
    """Good enough: ends after the images in hand, with the best so far. A job that waits never begins."""
    from studies.run.shared_storage.stop_requests import ask_to_stop

    last = job_of(opened.workspace)
    if last is not None and last.is_open and body.seed is None:
        return {"state": ask_to_end(opened.workspace, last).state}
    ask_to_stop(opened.storage_url, opened.spec.name, body.seed)
    return {"state": "running"}


@router.get("/{study}/events", response_class=EventSourceResponse, responses=described(404))
async def events(
    house: Housed,
    folder: Folder,
    last_event_id: Annotated[str, Header(max_length=64)] = "",
    follow: Annotated[bool, Query(description="false: end after what there is")] = True,
) -> AsyncIterable[ServerSentEvent]:
    """The lines of `huanhua run --json`, each an event of its name, and `job` whenever the job's state changes."""
    async for event in told_events(house, folder, last_event_id, follow=follow):
        yield event


async def told_events(house: House, folder: Path, after: str, *, follow: bool) -> AsyncIterable[ServerSentEvent]:
    """What happens to the job of a study or a photo set, by the folder beside its workspace."""
    async for happened in house.feed.events(folder, after, follow=follow):
        if happened.line is not None:
            yield _event_of(happened)
        else:
            view = None if happened.job is None else job_view(house.rooms, folder, happened.job).model_dump()
            yield ServerSentEvent(event="job", data=view, id=happened.id)


@lru_cache(maxsize=256)
def _event_of(happened: Happened) -> ServerSentEvent:
    """Made once for all pages that look."""
    return ServerSentEvent(event=_name_of(happened.line or ""), raw_data=happened.line, id=happened.id)


def _name_of(line: str) -> str:
    try:
        found = json.loads(line).get("event")
    except (ValueError, AttributeError):
        found = None
    return found if isinstance(found, str) and found.isidentifier() else "line"


def _check_seeds(study: Study, seeds: list[int]) -> None:
    """Raises InputError for a seed that what draws the study does not take, or where none is given and none is locked."""
    from studies.run.scouting import locked_seeds

    largest = study.spec.draw.largest_seed
    for seed in seeds:
        if seed > largest:
            mend = phrase("seeds are whole numbers from 0 to {largest}", largest=largest)
            raise InputError(phrase("no seed: {seed}", seed=seed), "seeds", mend)
    if not seeds and not locked_seeds(study):
        raise InputError("no seed is locked", study.spec.name, "run `huanhua scout STUDY`, then `huanhua lock STUDY SEED`")


def _with_trials(words: list[str], trials: int | None) -> list[str]:
    return words if trials is None else [*words, "--trials", str(trials)]


def _created(house: House, body: NewStudy) -> Study:
    """Raises InputError where nothing can be written, or the project lacks what is asked for."""
    from models.catalogue import profile_named
    from models.io.disk import writing
    from models.io.files import write_whole
    from studies.project.folder import project_of
    from studies.starter.new_study import Wanted, new_study

    if project_of(house.rooms.root) is None:
        # Outside a project nothing says which base and which judges a new outfit has.
        mend = "`huanhua new DIR` makes one; here a study's own dress is changed for another by swap"
        raise InputError("a new outfit needs a project folder", house.rooms.root, mend)
    if body.profile is not None:
        profile_named(body.profile)
    cards = [house.wardrobe.card(key) for key in dict.fromkeys(body.wear)]
    if sum(card.kind == "face" for card in cards) > 1:
        mend = "wear one face; several people are written in study.yaml, at figures"
        raise InputError("several faces, and a new outfit is of one person", "wear", mend)
    wear = [card.path for card in cards]
    place = house.rooms.new_folder(body.name)
    files = new_study(place, Wanted(presets=body.presets, profile=body.profile, wear=wear))
    with writing(place):
        for name, text in sorted(files.items(), reverse=True):
            write_whole(place / name, text.encode())
    return house.study(body.name)
