"""What is made of a pick's picture and kept beside it: mended, and large."""

from __future__ import annotations

from fastapi import APIRouter

from studies.service.beside.bodies import Enlarge, Mend
from studies.service.beside.orders import enlarge_words, mend_words
from studies.service.rest.asked import Housed, Opened, SeedPath
from studies.service.rest.bodies import Job
from studies.service.rest.problems import described
from studies.service.rest.routes.seeds import check_seed
from studies.service.rest.stories import check_opened
from studies.service.rest.views import job_view

router = APIRouter(prefix="/api/studies/{study}/seeds/{seed}", tags=["results"])


@router.post("/mend", status_code=202, responses=described(404, 409))
def mend_seed(house: Housed, opened: Opened, seed: SeedPath, body: Mend) -> Job:
    """Queues `huanhua mend`: parts of the picture of the pick, or of the nearest, drawn again; kept where they are better and
    nothing is worse, in the place of what was mended before."""
    check_seed(opened, seed)
    check_opened(opened)
    return job_view(house.rooms, opened.folder, house.queue(opened, "mend", mend_words(opened, seed, body)))


@router.post("/enlarge", status_code=202, responses=described(404, 409))
def enlarge_seed(house: Housed, opened: Opened, seed: SeedPath, body: Enlarge) -> Job:
    """Queues `huanhua enlarge`: the pick's picture, the mended one where it was mended, in the place of an earlier large one."""
    check_seed(opened, seed)
    check_opened(opened)
    return job_view(house.rooms, opened.folder, house.queue(opened, "enlarge", enlarge_words(opened, seed, body)))
