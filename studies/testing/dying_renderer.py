"""A renderer that ends the run that uses it, as a kill would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from optimizer.point import Job
from optimizer.render.decode import NotDrawn
from studies.testing.painting_renderer import Painter


class Ended(BaseException):
    """As Ctrl-C ends a run: past every `except Exception`."""


@dataclass
class Mortal(Painter):
    """Draws so many images, then ends the run."""

    left: int = 10**9

    def render(self, jobs: Sequence[Job]) -> list[Image.Image | NotDrawn]:
        self.left -= len(jobs)
        if self.left < 0:
            raise Ended
        return super().render(jobs)
