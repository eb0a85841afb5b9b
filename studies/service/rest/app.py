"""The service as an ASGI app: its operations, its page, and what guards both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from typing import Final

from fastapi import FastAPI
from starlette.types import ASGIApp

from studies.service.rest.door import Door
from studies.service.rest.guard import Guard
from studies.service.rest.house import House, house_of
from studies.service.rest.problems import LOG, answer_problems
from studies.service.rest.routes import beside, page, photo_sets, photos, results, seeds, session, studies, wardrobe
from studies.service.rooms import Rooms

KEEP_S: Final = 1.0
"""Seconds between two looks whether jobs wait and nobody is at them."""
ABOUT: Final = (
    "Each call is a call of huanhua's library: studies, seeds, LoRAs and pictures are those of the served folder, and nothing "
    "else is stored. Errors are problem+json with the line that the command line prints."
)


def service(rooms: Rooms, door: Door | None = None) -> ASGIApp:
    """The guarded app of a folder; `door` is loopback's by default."""
    return guarded(house_of(rooms), door or Door())


def guarded(house: House, door: Door) -> ASGIApp:
    """As `service`, of a house that the caller has."""
    return Guard(application(house), door)


def application(house: House) -> FastAPI:
    """Without its guard."""
    app = FastAPI(
        title="huanhua", version=version("huanhua"), description=ABOUT, docs_url=None, redoc_url=None, lifespan=_kept_up
    )
    app.state.house = house
    for routes in (studies, seeds, beside, results, wardrobe, photo_sets, photos, session, page):
        app.include_router(routes.router)
    answer_problems(app)
    return app


@asynccontextmanager
async def _kept_up(app: FastAPI) -> AsyncIterator[None]:
    """A worker is at the jobs that wait, those of an earlier service included, for as long as the service is up."""
    house: House = app.state.house

    async def keep() -> None:
        while True:
            try:
                await asyncio.to_thread(house.keeper.keep_up)
            except Exception as error:  # such as a folder that is away for a moment: looked at again
                LOG.warning("no worker was started: %s", error)
            await asyncio.sleep(KEEP_S)

    task = asyncio.create_task(keep())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await asyncio.to_thread(house.running.close)
        await asyncio.to_thread(house.keeper.end)
