"""A picture that was enlarged, redrawn in tiles at falling strength until that breaks nothing the picture before it met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from optimizer.render.decode import NotDrawn
from studies.enlarging.enlarge import shrunk
from studies.run.beside.judged_picture import JudgedPicture, judged_picture
from studies.run.large.large import Try

if TYPE_CHECKING:
    from PIL.Image import Image

    from optimizer.render.tiling.redraw import TiledRedraw
    from scorers.observe.base import Observer
    from scorers.score.judge import ImageJudge


@dataclass(frozen=True)
class Seen:
    """A large picture, and what it shows at the size that its study draws."""

    picture: Image
    judged: JudgedPicture
    tries: tuple[Try, ...] = ()


@dataclass(frozen=True)
class Look:
    """What large pictures of one seed are looked at by."""

    observer: Observer
    judge: ImageJudge
    size: tuple[int, int]
    """(width, height) that the study draws."""

    def at(self, picture: Image) -> JudgedPicture:
        """Shrunk to that size: scores are calibrated on it."""
        return judged_picture(self.observer, self.judge, shrunk(picture, self.size))


def redrawn(
    enlarged: Image,
    before: JudgedPicture,
    look: Look,
    drawing: TiledRedraw | None,
    strengths: Sequence[float],
) -> Seen:
    """The first redrawing that violates nothing more than `before`, the pick's own picture, does; else the picture as it was
    enlarged. Both with all tries. Without `drawing` it is the enlarged one."""
    tries: list[Try] = []
    if drawing is None:
        return Seen(enlarged, look.at(enlarged))
    for strength in strengths:
        drawn = drawing.redrawn(enlarged, strength)
        if isinstance(drawn, NotDrawn):
            tries.append(Try(strength, failed=drawn.reason))
            continue
        judged = look.at(drawn)
        broken = judged.broken_beside(before)
        tries.append(Try(strength, tuple(broken)))
        if not broken:
            return Seen(drawn, judged, tuple(tries))
    return Seen(enlarged, look.at(enlarged), tuple(tries))
