"""What operations are given: the service's house, and the study that the path names."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Annotated

from fastapi import Depends, Path, Request

from studies.service.rest.house import House
from studies.study import Study

StudyId = Annotated[str, Path(max_length=80, description="as the list of studies has it; `~` is the served folder itself")]
SeedPath = Annotated[int, Path(ge=0, le=2**64 - 1)]


def _house(request: Request) -> House:
    found: House = request.app.state.house
    return found


Housed = Annotated[House, Depends(_house)]


def _folder(study: StudyId, house: Housed) -> FilePath:
    return house.rooms.folder(study)


def _opened(study: StudyId, house: Housed) -> Study:
    return house.study(study)


Folder = Annotated[FilePath, Depends(_folder)]
Opened = Annotated[Study, Depends(_opened)]
