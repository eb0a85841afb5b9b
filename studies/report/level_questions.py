"""The questions of a sitting, for the page that asks them."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.level_page.questions import PageQuestion
from scorers.levels.questions import MOST
from studies.levels.sitting import Asked, Sitting
from studies.report.sheets.level import ReferencePhotos, close_up
from studies.report.sheets.style import open_image
from studies.study import Study


class LevelQuestions:
    """Questions of dashboards.level_page; each is opened once."""

    def __init__(self, study: Study, sitting: Sitting) -> None:
        self._study, self._sitting = study, sitting
        self._photos = ReferencePhotos(study, sitting.pictures)
        self._shown: tuple[Asked, PageQuestion] | None = None

    @property
    def title(self) -> str:
        """The study's name."""
        return self._study.spec.name

    def current(self) -> PageQuestion | None:
        """The question that waits for its answer; None at the end."""
        if self._shown is None:
            asked = self._sitting.question()
            if asked is None:
                return None
            self._shown = asked, self._opened(asked)
        return self._shown[1]

    def answer(self, enough: Sequence[bool]) -> None:
        """Keeps what was said of each picture."""
        assert self._shown is not None
        asked = self._shown[0]
        self._sitting.answer(asked, {p.image.name: said for p, said in zip(asked.pictures, enough, strict=True)})
        self._shown = None

    def _opened(self, asked: Asked) -> PageQuestion:
        images = tuple(open_image(picture.image) for picture in asked.pictures)
        close = tuple(close_up(image, picture.place) for image, picture in zip(images, asked.pictures, strict=True))
        return PageQuestion(asked.number, MOST, asked.lora, images, close, self._photos.of(asked.lora))
