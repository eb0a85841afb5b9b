"""Seeds: which there are, lock and unlock, what was found at one, and a person's pick."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from models.errors import InputError
from models.language.translate import phrase, translated
from studies.service.rest.asked import Housed, Opened, SeedPath, StudyId
from studies.service.rest.bodies import Pick, Rejudged, SeedCard, Story
from studies.service.rest.problems import described
from studies.service.rest.seed_strip import seeds_of
from studies.study import Study

router = APIRouter(prefix="/api/studies/{study}/seeds", tags=["seeds"])


@router.get("", responses=described(404))
def list_seeds(study: StudyId, opened: Opened) -> list[SeedCard]:
    """Those that were scouted, locked or run, each with its start image: the locked ones first, then the soundest."""
    return [SeedCard(**row) for row in seeds_of(opened, study)]


@router.put("/{seed}/lock", responses=described(404))
def lock_seed(
    study: StudyId,
    opened: Opened,
    seed: SeedPath,
    unseen: Annotated[bool, Query(description="also a seed of which nobody has seen an image")] = False,
) -> list[SeedCard]:
    """Its weights will be searched."""
    from studies.run.scouting import check_drawn, lock, locked_seeds

    check_seed(opened, seed)
    if not unseen and seed not in locked_seeds(opened):
        check_drawn(opened, [seed])
    opened.workspace.make()
    lock(opened, [seed])
    return list_seeds(study, opened)


@router.delete("/{seed}/lock", responses=described(404))
def unlock_seed(study: StudyId, opened: Opened, seed: SeedPath) -> list[SeedCard]:
    """Not run any more; its images and trials stay."""
    from studies.run.scouting import unlock

    unlock(opened, [seed])
    return list_seeds(study, opened)


@router.get("/{seed}", responses=described(404))
def show_seed(study: StudyId, house: Housed, opened: Opened, seed: SeedPath) -> Story:
    """What was found: the pick, its proof, every trial, judged by the requirements as they are now."""
    check_seed(opened, seed)
    return Story(**house.stories.of(opened, study, seed))


@router.get("/{seed}/outcome", responses=described(404))
def show_outcome(opened: Opened, seed: SeedPath) -> dict[str, Any]:
    """The same as `huanhua show --json` has it."""
    from studies.run.stored_results import stored

    check_seed(opened, seed)
    return stored(opened, seed).outcome.as_json()


@router.put("/{seed}/pick", responses=described(404, 409))
def pick_trial(study: StudyId, house: Housed, opened: Opened, seed: SeedPath, body: Pick) -> Story:
    """Another trial than the search's pick, as `huanhua pick` stores it; null goes back to the search's."""
    from studies.pipeline import pick_trial as pick

    check_seed(opened, seed)
    pick(opened, seed, body.trial)
    return Story(**house.stories.of(opened, study, seed))


def rejudged(study: Study) -> Rejudged:
    """What every seed that was run has become. A study of which nothing was run has none."""
    from studies.run.stored_results import stored, stored_seeds

    found = [stored(study, seed).outcome for seed in stored_seeds(study)]
    return Rejudged(seeds=[{**outcome.as_json(), "claim": translated(outcome.claim)} for outcome in found])


def check_seed(study: Study, seed: int) -> None:
    """Raises InputError for a seed that what draws the study does not take."""
    largest = study.spec.draw.largest_seed
    if seed > largest:
        mend = phrase("seeds are whole numbers from 0 to {largest}", largest=largest)
        raise InputError(phrase("no seed: {seed}", seed=seed), "seeds", mend)
