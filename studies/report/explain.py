"""Scores any image against a study's references: raw, and calibrated where a seed's calibration is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from models.errors import InputError
from models.io.images import open_photo
from scorers.observe.observation import Box, HandObservation, Observation
from scorers.observe.references import References
from scorers.score.calibration import matched_photo, seen_place, similarity
from scorers.score.hands import SMALLEST, hands_score
from scorers.score.identity import SMALL, face_width
from scorers.score.scores import Scores
from studies.references.pictures import reference_pictures
from studies.references.references import references_of
from studies.run.judge import Judge

if TYPE_CHECKING:
    from PIL.Image import Image

    from studies.study import Study

DIGITS: Final = 4


@dataclass(frozen=True)
class Place:
    """A region that was looked at, `box` in shares of width and height."""

    name: str
    box: Box


@dataclass(frozen=True)
class Match:
    """The reference photo that an image looks most like."""

    file: Path
    photo: Image


@dataclass(frozen=True)
class ScoredImage:
    """`raw` in [0, 1] by LoRA, `matches` the photo behind each and `looked_at` the place in the image, in shares of width and
    height; `scores` and `breaks` only where the seed is calibrated."""

    file: Path
    image: Image
    observation: Observation
    raw: Mapping[str, float]
    matches: Mapping[str, Match]
    scores: Scores | None
    breaks: tuple[str, ...]
    looked_at: Mapping[str, Box] = field(default_factory=dict)

    @property
    def hands(self) -> float:
        return self.scores.hands if self.scores else hands_score(self.observation)

    def places(self) -> list[Place]:
        """What the scores looked at."""
        hands = [Place(f"hand {hand_words(hand)}", hand.box) for hand in self.observation.hands]
        return [*(Place(name, box) for name, box in self.looked_at.items()), *hands]

    def _face(self) -> dict[str, Any] | None:
        face, width = self.observation.face, face_width(self.observation)
        if face is None or width is None:
            return None
        return {"box": list(face.box), "score": face.score, "width": round(width, 1), "reliable": width >= SMALL}

    def as_json(self) -> dict[str, Any]:
        seen, scores = self.observation, self.scores
        return {
            "image": str(self.file),
            "raw": _rounded(self.raw),
            "calibrated": None if scores is None else _rounded(scores.expression),
            "matched": {name: str(match.file) for name, match in self.matches.items()},
            "looked_at": {name: list(box) for name, box in self.looked_at.items()},
            "regions": {kind: list(region.box) for kind, region in seen.regions.items()},
            "face": self._face(),
            "hands": round(self.hands, DIGITS),
            "hands_seen": [_hand(hand) for hand in seen.hands],
            "extra": dict(seen.extra),
            "heads": seen.heads,
            "feet": seen.feet,
            "body": None if scores is None else list(scores.body),
            "drift": None if scores is None else round(scores.drift, DIGITS),
            "breaks": None if scores is None else list(self.breaks),
        }


def open_images(files: Sequence[Path]) -> tuple[list[tuple[Path, Image]], list[InputError]]:
    """The pictures that open, and what is wrong with the others."""
    found, wrong = [], []
    for file in files:
        try:
            found.append((file, open_photo(file)))
        except InputError as error:
            wrong.append(error)
    return found, wrong


def score_images(study: Study, images: Sequence[tuple[Path, Image]], judge: Judge | None) -> list[ScoredImage]:
    """Looks at all images at once. With a judge of one seed the scores are calibrated and compared with its locked image."""
    photos = {name: reference_pictures(study, name).open() for name in study.spec.searched()}
    references = references_of(study)
    seen = study.observer.observe([image for _, image in images])
    return [_scored(references, file, image, s, photos, judge) for (file, image), s in zip(images, seen, strict=True)]


def hand_words(hand: HandObservation) -> str:
    return "too small to judge" if hand.size < SMALLEST else f"{hand.broken:.2f}"


def _scored(
    all_references: Mapping[str, References],
    file: Path,
    image: Image,
    observation: Observation,
    photos: Mapping[str, list[tuple[Path, Image]]],
    judge: Judge | None,
) -> ScoredImage:
    raw = {name: similarity(observation, references) for name, references in all_references.items()}
    matches = {}
    for name, references in all_references.items():
        index = matched_photo(observation, references)
        if index is not None:
            matches[name] = Match(*photos[name][index])
    places = {name: seen_place(observation, references) for name, references in all_references.items()}
    looked_at = {name: box for name, box in places.items() if box is not None}
    if judge is None:
        return ScoredImage(file, image, observation, raw, matches, None, (), looked_at)
    scores = judge.scores(observation)
    breaks = tuple(name for name, margin in judge.violations(scores).items() if margin > 0)
    return ScoredImage(file, image, observation, raw, matches, scores, breaks, looked_at)


def _hand(hand: HandObservation) -> dict[str, Any]:
    judged = hand.size >= SMALLEST
    return {"box": list(hand.box), "size": hand.size, "broken": hand.broken if judged else None}


def _rounded(values: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: None if value is None else round(value, DIGITS) for name, value in values.items()}
