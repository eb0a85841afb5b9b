"""Photo sets: LoRAs in the making. List, create, show; cut the photos, train, stop, and what happens to them."""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent

from models.errors import InputError
from studies.service.queue.jobs import Verb, ask_to_end, job_of
from studies.service.rest.asked import Housed
from studies.service.rest.bodies import Job
from studies.service.rest.house import House
from studies.service.rest.problems import described
from studies.service.rest.routes.studies import told_events
from studies.service.rest.views import job_view
from studies.service.sets.bodies import Means, NewSet, Prepare, SetLine, SetPage, Train
from studies.service.sets.orders import prepare_words, train_words
from studies.service.sets.photo_set import PhotoSet, new_set, set_of, sets_of
from studies.service.sets.views import means_view, sample_files, set_line, set_page

router = APIRouter(prefix="/api", tags=["photos"])
SetId = Annotated[str, Path(max_length=80, description="as the list of sets has it: the name of its folder in photos/")]


def _set(name: SetId, house: Housed) -> PhotoSet:
    return set_of(house.rooms, name)


Found = Annotated[PhotoSet, Depends(_set)]


@router.get("/means", responses=described())
def show_means(house: Housed) -> Means:
    """What is here to make LoRAs with: bases, a parser, a tagger."""
    return means_view(house.rooms)


@router.get("/sets", responses=described())
def list_sets(house: Housed) -> list[SetLine]:
    """The folders of photos of the served folder."""
    return [set_line(each) for each in sets_of(house.rooms)]


@router.post("/sets", status_code=201, responses=described(404, 409))
def create_set(house: Housed, body: NewSet) -> SetPage:
    """A new, empty one; or says what a folder of photos is of that lies there."""
    return set_page(new_set(house.rooms, body.name, body.kind))


@router.get("/sets/{name}", responses=described(404))
def show_set(found: Found) -> SetPage:
    """One set with its photos, their boxes, crops and tags."""
    return set_page(found)


@router.post("/sets/{name}/prepare", status_code=202, responses=described(404, 409))
def prepare_set(house: Housed, found: Found, body: Prepare) -> Job:
    """Queues `huanhua prepare`: boxes by a person, else by the parser; two crops of each photo; captions by the tagger."""
    return _queued(house, found, "prepare", prepare_words(found, body.base))


@router.post("/sets/{name}/train", status_code=202, responses=described(404, 409))
def train_set(house: Housed, found: Found, body: Train) -> Job:
    """Queues `huanhua train` on what was cut. A LoRA that is there is never written over."""
    words = train_words(found, body.base, body.settings)
    job = _queued(house, found, "train", words)
    for old in sample_files(found):
        old.unlink(missing_ok=True)
    return job


@router.post("/sets/{name}/resume", status_code=202, responses=described(404, 409))
def resume_set(house: Housed, found: Found) -> Job:
    """Queues the last job again: a training goes on from its checkpoint."""
    last = job_of(found.workspace)
    if last is None:
        raise InputError("nothing was asked of this set yet", found.photos, "cut the photos first")
    return _queued(house, found, last.verb, list(last.words))


@router.post("/sets/{name}/stop", responses=described(404))
def stop_set(found: Found) -> dict[str, str]:
    """Ends its job; a training can go on later."""
    last = job_of(found.workspace)
    if last is None or not last.is_open:
        raise InputError("nothing is being done here", found.photos, "load the page again")
    return {"state": ask_to_end(found.workspace, last).state}


@router.get("/sets/{name}/events", response_class=EventSourceResponse, responses=described(404))
async def events(
    house: Housed,
    found: Found,
    last_event_id: Annotated[str, Header(max_length=64)] = "",
    follow: Annotated[bool, Query(description="false: end after what there is")] = True,
) -> AsyncIterable[ServerSentEvent]:
    """The lines of `huanhua prepare --json` and `train --json`, each an event of its name, and `job` as of a study."""
    async for event in told_events(house, found.jobs, last_event_id, follow=follow):
        yield event


def _queued(house: House, found: PhotoSet, verb: Verb, words: list[str]) -> Job:
    from studies.service.queue.jobs import enqueue

    job = enqueue(found.workspace, verb, words)
    house.keeper.keep_up()
    return job_view(house.rooms, found.jobs, job)
