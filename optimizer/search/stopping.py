"""Why a search ended, in words for people."""

from __future__ import annotations

from collections.abc import Sequence

from optimizer.search.judged import Judged, best
from optimizer.search.proof import proof_of
from optimizer.search.space import Space


def why_stopped(space: Space, history: Sequence[Judged], *, budget: int, worth: float | None, beside: int = 0) -> str:
    """`beside` counts images of the budget that are no trials. `worth` is the least saving of weight that the sampler draws an
    image for, None for a sampler that never ends by itself."""
    if len(history) + beside >= budget:
        return f"the budget of {budget} images is used up" + (f", {beside} of them for margins" if beside else "")
    found = best(history)
    if found is None:
        return "no point left has a chance to meet everything that is worth an image"
    done = "the proof is complete" if proof_of(space, found, history).complete else "no step down is left to draw"
    if worth is None:
        return done
    return f"{done}, and another image is expected to save less than {worth:g} of weight"
