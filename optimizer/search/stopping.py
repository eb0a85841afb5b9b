"""Why a search ended, in words for people."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from models.language.translate import phrase
from optimizer.search.judged_point import Judged, best
from optimizer.search.proof import proof_of
from optimizer.search.samplers.base import Forecast
from optimizer.search.space import Space


class Ended(Enum):
    """Why a search drew no more."""

    DONE = "done"
    """Nothing was left that is worth an image."""
    BUDGET = "budget"
    STOPPED = "stopped"
    """A person had seen enough."""


def why_stopped(
    space: Space,
    history: Sequence[Judged],
    *,
    budget: int,
    min_saving: float | None,
    robustness_images: int = 0,
    images: int | None = None,
    forecast: Forecast | None = None,
) -> str:
    """`forecast` is what another image is expected to bring, where the sampler tells it. `robustness_images` counts images of
    the budget that are no trials; `images` all that were drawn, where some of them stand for no point of the history.
    `min_saving` is the least expected saving of weight for which the sampler draws an image, None for a sampler that never ends
    by itself.
    """
    drawn = len(history) + robustness_images if images is None else images
    if drawn >= budget:
        used = phrase("the budget of {budget} images is used up", budget=budget)
        if robustness_images:
            text = "the budget of {budget} images is used up, {robustness} of them for robustness"
            used = phrase(text, budget=budget, robustness=robustness_images)
        if forecast is None or forecast.saving is None:
            return used
        return phrase("{done}; another image is expected to save {saving:.3f} of weight", done=used, saving=forecast.saving)
    found = best(history)
    if found is None:
        return phrase("no point left has a chance to meet everything that is worth an image")
    complete = proof_of(space, found, history).complete
    done = phrase("the proof is complete") if complete else phrase("no step down is left to draw")
    if min_saving is None:
        return done
    return phrase("{done}, and another image is expected to save less than {least:g} of weight", done=done, least=min_saving)
