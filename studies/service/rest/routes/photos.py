"""The photos of a set: kept, shown, their boxes and tags; and the images that a training draws."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from models.errors import TakenError
from studies.service.queue.jobs import job_of
from studies.service.rest.asked import Housed
from studies.service.rest.pictures import LARGE_COPY
from studies.service.rest.problems import described
from studies.service.rest.routes.photo_sets import Found
from studies.service.rooms import NotThereError
from studies.service.sets.album import Album, keep_boxes
from studies.service.sets.bodies import Drawn, PhotoCard, Tags
from studies.service.sets.uploads import keep_photo
from studies.service.sets.views import sample_files

router = APIRouter(prefix="/api/sets/{name}", tags=["photos"])
PhotoName = Annotated[str, Path(max_length=255)]
PHOTO_BODY = {"requestBody": {"required": True, "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}}}


@router.post("/photos", status_code=201, responses=described(404), openapi_extra=PHOTO_BODY)
async def add_photo(
    found: Found, request: Request, called: Annotated[str, Query(min_length=1, max_length=200, description="its file's name")]
) -> PhotoCard:
    """Keeps one photo, whose bytes are the body. It must open; one that is there already is not kept twice."""
    from asyncio import to_thread

    content = await request.body()
    return await to_thread(lambda: Album(found).card(keep_photo(found, called, content)))


@router.get("/photos/{photo}", responses=described(404), response_class=Response)
def show_photo(
    house: Housed, found: Found, photo: PhotoName, size: Annotated[Literal["large", "small"], Query()] = "small"
) -> Response:
    """The upright photo, WebP, at a screen's size or as a thumbnail."""
    path = found.photo(photo)
    made = house.small.of(path, LARGE_COPY) if size == "large" else house.small.of(path)
    return Response(made, media_type="image/webp", headers={"cache-control": "private, max-age=60"})


@router.put("/photos/{photo}/boxes", responses=described(404))
def draw_boxes(found: Found, photo: PhotoName, body: Drawn) -> PhotoCard:
    """What a person drew on it, kept beside the photos as `huanhua boxes` keeps it."""
    keep_boxes(found, photo, body)
    return Album(found).card(photo)


@router.put("/photos/{photo}/tags", responses=described(404))
def change_tags(found: Found, photo: PhotoName, body: Tags) -> PhotoCard:
    """The tags of its caption; cutting anew keeps them."""
    found.photo(photo)
    job = job_of(found.workspace)
    if job is not None and job.is_open and job.verb == "prepare":
        # What is changed while the set is replaced might be lost.
        raise TakenError("the photos are being cut", found.photos, "wait until that has ended")
    album = Album(found)
    album.keep_tags(photo, body.tags)
    return album.card(photo)


@router.get("/crops/{which}/{photo}", responses=described(404), response_class=Response)
def show_crop(house: Housed, found: Found, which: Literal["train", "reg"], photo: PhotoName) -> Response:
    """What is trained of a photo: the thing, or its wearer; WebP."""
    made = house.small.of(Album(found).crop(which, photo))
    return Response(made, media_type="image/webp", headers={"cache-control": "private, max-age=60"})


@router.get("/samples/{sample}", responses=described(404), response_class=Response)
def show_sample(house: Housed, found: Found, sample: PhotoName) -> Response:
    """An image that the training drew; WebP."""
    path = next((path for path in sample_files(found) if path.name == sample), None)
    if path is None:
        raise NotThereError("no such sample", sample[:80], "load the page again")
    return Response(house.small.of(path, LARGE_COPY), media_type="image/webp", headers={"cache-control": "private, max-age=60"})
