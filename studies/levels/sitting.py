"""A sitting: the questions that a person is asked about one study's pictures, and the levels that follow.

Answers are kept as what was said of which picture, and scored again whenever they are read: they outlive another calibration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from models.errors import InputError
from models.language.translate import phrase
from scorers.levels.psychometric import Answer, Level, level_of, posteriors
from scorers.levels.questions import MOST, SHOWN, next_question
from studies.levels.pictures import LevelPicture, LevelPictures
from studies.workspace import Workspace

STORED: Final = "levels"
"""The workspace's JSON file of the sitting."""


@dataclass(frozen=True)
class Asked:
    """A question that waits for its answer."""

    number: int
    """From 1 on."""
    lora: str
    pictures: tuple[LevelPicture, ...]
    """The one that shows least first."""


Said = Mapping[str, bool]
"""By the name of an image's file, whether the LoRA is still good enough in it."""


class Sitting:
    """Questions one after the other; each answer is stored in the workspace when it is given.

    A sitting that did not end goes on with the same pictures' answers; one that ended begins anew.
    """

    def __init__(self, workspace: Workspace, pictures: LevelPictures, *, shown: int = SHOWN, afresh: bool = False) -> None:
        """`shown` pictures a question; `afresh` drops what an unfinished sitting was told.

        Raises InputError for a damaged file.
        """
        self._workspace, self.pictures, self._shown = workspace, pictures, shown
        self._said: list[tuple[str, dict[str, bool]]] = [] if afresh else _stored(workspace)
        known = {name: {p.image.name for p in found} for name, found in pictures.by_lora.items()}
        kept = [(name, said) for name, said in self._said if set(said) <= known.get(name, set())]
        self.dropped = len(self._said) - len(kept)
        """Stored answers about pictures that the study no longer has."""
        self._said = kept

    @property
    def answered(self) -> int:
        """Questions that were answered."""
        return len(self._said)

    def question(self) -> Asked | None:
        """The next question; None where enough is known, no picture tells more, or MOST were asked."""
        if self.answered >= MOST:
            return None
        left = {
            name: [picture for picture in found if picture.image.name not in self._asked(name)]
            for name, found in self.pictures.by_lora.items()
        }
        found = next_question(
            posteriors(self._answers()), {name: [p.expression for p in ps] for name, ps in left.items()}, self._shown
        )
        if found is None:
            return None
        return Asked(self.answered + 1, found.name, tuple(left[found.name][i] for i in found.pictures))

    def answer(self, asked: Asked, said: Said) -> None:
        """Stores what was said of the pictures of a question. Raises InputError if that is of other pictures."""
        wanted = {picture.image.name for picture in asked.pictures}
        if set(said) != wanted or not all(isinstance(value, bool) for value in said.values()):
            mend = phrase("say true or false of each of {wanted}", wanted=", ".join(sorted(wanted)))
            raise InputError(
                "no answer to this question", phrase("question {number}, {lora}", number=asked.number, lora=asked.lora), mend
            )
        self._said.append((asked.lora, dict(said)))
        self._write(ended=False)

    def end(self) -> None:
        """From here on the sitting is over: the next begins anew."""
        self._write(ended=True)

    def levels(self) -> dict[str, Level]:
        """The level of each LoRA that something was said of."""
        answers = self._answers()
        return {name: level_of(posterior) for name, posterior in posteriors(answers).items() if answers[name]}

    def _answers(self) -> dict[str, list[Answer]]:
        scores = {name: {p.image.name: p.expression for p in found} for name, found in self.pictures.by_lora.items()}
        return {
            name: [Answer(by_image[i], enough) for of, said in self._said if of == name for i, enough in said.items()]
            for name, by_image in scores.items()
        }

    def _asked(self, name: str) -> set[str]:
        return {image for of, said in self._said if of == name for image in said}

    def _write(self, *, ended: bool) -> None:
        answers = [{"lora": name, "enough": said} for name, said in self._said]
        levels = {name: [round(v, 3) for v in (level.value, level.low, level.high)] for name, level in self.levels().items()}
        self._workspace.write(STORED, {"ended": ended, "answers": answers, "levels": levels})


def _stored(workspace: Workspace) -> list[tuple[str, dict[str, bool]]]:
    """The answers of a sitting that did not end."""
    stored: Any = workspace.read(STORED)
    try:
        if stored is None or stored["ended"]:
            return []
        return [(str(one["lora"]), {str(k): bool(v) for k, v in one["enough"].items()}) for one in stored["answers"]]
    except (KeyError, TypeError, AttributeError) as error:
        place = workspace.root / f"{STORED}.json"
        raise InputError("no record of a sitting", place, "move it away: what was answered is asked again") from error
