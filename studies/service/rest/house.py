"""What the operations of one service share."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from studies.service.queue.jobs import Job, Verb, enqueue
from studies.service.queue.keeper import Keeper
from studies.service.rest.cards import Wardrobe
from studies.service.rest.feed import Feed
from studies.service.rest.pictures import SmallPictures
from studies.service.rest.stories import Stories
from studies.service.rooms import Rooms
from studies.study import Study, open_study

if TYPE_CHECKING:
    from dashboards.servers import Addresses


@dataclass
class House:
    """One served folder."""

    rooms: Rooms
    keeper: Keeper
    wardrobe: Wardrobe
    feed: Feed = field(default_factory=Feed)
    stories: Stories = field(default_factory=Stories)
    small: SmallPictures = field(default_factory=SmallPictures)
    dashboards: dict[Path, Addresses] = field(default_factory=dict)
    """Those that a person asked for, by the study's folder."""
    lock: Lock = field(default_factory=Lock)
    """Held while dashboards start."""
    running: ExitStack = field(default_factory=ExitStack)
    """Ends the dashboards."""

    def study(self, key: str) -> Study:
        """The study of an id, read from disk. Raises NotThereError, and InputError for a study file that cannot be read."""
        return open_study(self.rooms.folder(key))

    def queue(self, study: Study, verb: Verb, words: list[str]) -> Job:
        """Raises TakenError if this study is queued or running already, here or elsewhere."""
        from models.errors import TakenError
        from models.language.translate import phrase
        from studies.run.shared_storage.stop_requests import running
        from studies.service.queue.jobs import job_of

        last = job_of(study.workspace)
        holder = running(study.storage_url, study.spec.name) if last is None or not last.is_open else None
        if holder is not None:
            mend = "stop that one first, or wait"
            raise TakenError(phrase("this study is run already ({holder})", holder=holder), study.folder, mend)
        # No folder is made for it but the job's own: the command makes them once its input has proved good.
        job = enqueue(study.workspace, verb, words)
        self.keeper.keep_up()
        return job


def house_of(rooms: Rooms) -> House:
    return House(rooms, Keeper(rooms), Wardrobe(rooms))
