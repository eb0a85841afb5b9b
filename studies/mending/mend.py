"""Mends one picture: each place of the named parts is redrawn in its own crop, and kept only where that makes it better and
nothing else worse, by all requirements over the whole picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from models.boxes import PixelBox
from optimizer.point import Job
from optimizer.render.decode import NotDrawn
from optimizer.render.inpainting.base import Inpainter, Redrawing
from optimizer.render.inpainting.crop import crop_around
from scorers.score.judge import ImageJudge
from studies.run.beside.judged_picture import JudgedPicture, judged_picture
from studies.run.mended.mended import Redrawn

if TYPE_CHECKING:
    from PIL.Image import Image

    from optimizer.render.inpainting.crop import Crop
    from scorers.observe.base import Observer
    from studies.mending.parts import Part, Place
    from studies.mending.tries import Tries

BETTER: Final = 0.01
"""By how much a part's badness must fall for another picture to be kept."""


@dataclass(frozen=True)
class State(JudgedPicture):
    """A picture as far as it is mended."""

    picture: Image
    redrawn: tuple[Redrawn, ...] = ()


@dataclass(frozen=True)
class Mender:
    """All that pictures of one trial are mended by."""

    inpainter: Inpainter
    observer: Observer
    judge: ImageJudge
    job: Job
    """What drew the picture; its seed is that of the study's."""
    cell: int
    """Pixels of a latent cell of the drawn size."""
    tries: Tries
    largest_seed: int
    led: bool = False
    """Whether a ControlNet of the job leads parts to their places in the locked image."""
    on_try: Callable[[], None] = lambda: None
    """Called after each picture."""

    def state(self, picture: Image, redrawn: tuple[Redrawn, ...] = ()) -> State:
        """As it is observed and judged now."""
        seen = judged_picture(self.observer, self.judge, picture)
        return State(seen.observation, seen.violations, seen.drift, picture, redrawn)

    def mended(self, picture: Image, parts: Sequence[Part]) -> State:
        """The picture with all places of the parts mended as far as tries did it; where none did, as it was."""
        state = self.state(picture)
        for part in parts:
            before, judged_by = state, part.constraints(self.judge)
            for place in part.places_in(self.judge, state.observation, led=self.led):
                state = self._mended_place(state, part, place)
            # One of two broken hands may be whole now, and the worst still what counts.
            if not any(state.violations[name] < before.violations[name] for name in judged_by):
                state = before
        return state

    def _mended_place(self, before: State, part: Part, place: Place) -> State:
        """The best of the tries; the first after which what was broken is whole ends them."""
        best, judged_by = before, part.constraints(self.judge)
        was_met = self._met(before, judged_by)
        for at, (strength, margins) in enumerate(self.tries.each()):
            width, height = before.picture.size
            left, top, right, bottom = place.box
            box = PixelBox(left * width, top * height, right * width, bottom * height)
            crop = crop_around(box, before.picture.size, margins, self.cell)
            seed = (self.job.seed + 1 + at) % (self.largest_seed + 1)
            told = Redrawn(part.name, seed, round(strength, 4), margins.of(crop.size)[1], crop.blur, crop.box, crop.mask)
            drawn = self._redrawn(before.picture, crop, seed, strength)
            self.on_try()
            if drawn is None:
                continue
            found = self.state(drawn, (*before.redrawn, told))
            if self._is_better(found, best, part, judged_by) and not found.broken_beside(before, judged_by):
                best = found
                bad = self._bad(before, part) - self._bad(best, part)
                whole = bad >= place.worth - max(0.0, self._limit(judged_by)) if place.worth else self._met(best, judged_by)
                if whole and not was_met:
                    break
        return best

    def _redrawn(self, picture: Image, crop: Crop, seed: int, strength: float) -> Image | None:
        regions, hints = crop.enlarged_regions(self.job.regions), crop.enlarged_hints(self.job.hints)
        job = replace(self.job, seed=seed, regions=regions, hints=hints)
        (drawn,) = self.inpainter.inpaint([Redrawing(job, crop.enlarged(picture), crop.enlarged_mask(), strength)])
        return None if isinstance(drawn, NotDrawn) else crop.pasted(picture, drawn)

    def _bad(self, state: State, part: Part) -> float:
        return part.badness(self.judge, state.observation, state.violations)

    def _is_better(self, found: State, best: State, part: Part, judged_by: frozenset[str]) -> bool:
        worse = any(found.violations[name] > max(0.0, best.violations[name]) for name in judged_by)
        return not worse and self._bad(found, part) < self._bad(best, part) - BETTER

    def _limit(self, judged_by: frozenset[str]) -> float:
        limits = [limit.value for limit in self.judge.limits if limit.name in judged_by and limit.value is not None]
        return max(limits, default=0.0)

    @staticmethod
    def _met(state: State, names: frozenset[str]) -> bool:
        return all(state.violations[name] <= 0 for name in names)
