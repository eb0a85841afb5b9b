"""Scores any image against a study's references: raw, and calibrated where a seed's calibration is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from models.boxes import ShareBox
from models.errors import InputError
from models.io.images import open_photo
from scorers.observe.observation import Observation
from scorers.observe.references import References
from scorers.score.base import Mark
from scorers.score.calibration import matched_photo, seen_place, similarity
from scorers.score.identity import identity_doubts
from scorers.score.parts.shown import ShownPart, shown_parts
from scorers.score.registry import SCORES, standalone_scores
from scorers.score.scores import Scores
from scorers.score.summary import summary_of
from studies.references.pictures import reference_pictures
from studies.references.references import references_of
from studies.run.judge import Judge

if TYPE_CHECKING:
    from PIL.Image import Image

    from studies.study import Study

DIGITS: Final = 4


@dataclass(frozen=True)
class Match:
    """The reference photo that an image resembles most."""

    file: Path
    photo: Image


@dataclass(frozen=True)
class ScoredImage:
    """One image with its scores and what they are based on."""

    file: Path
    image: Image
    observation: Observation
    raw: Mapping[str, float]
    """Similarity to the references by LoRA, in [0, 1]."""
    matches: Mapping[str, Match]
    """The photo behind each similarity."""
    scores: Scores | None
    """None where the seed is not calibrated."""
    breaks: tuple[str, ...]
    """The violated constraints; empty where the seed is not calibrated."""
    regions: Mapping[str, ShareBox] = field(default_factory=dict)
    """The region of the image behind each similarity."""
    parts: Mapping[str, tuple[ShownPart, ...]] = field(default_factory=dict)
    """What the image shows of each LoRA, part by part, where parts are compared."""
    doubts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Why the recogniser is unsure of a LoRA's face, in words."""

    @property
    def standalone(self) -> Mapping[str, float]:
        """The scores that mean something for an image alone: those of the calibrated seed, if there is one."""
        return self.scores.standalone if self.scores else standalone_scores(self.observation)

    def marks(self) -> list[Mark]:
        """The places that the scores are based on."""
        found = [Mark(name, box) for name, box in self.regions.items()]
        return [*found, *(mark for score in SCORES for mark in score.marks(self.observation))]

    def as_json(self) -> dict[str, Any]:
        scores = self.scores
        whole: dict[str, Any] = {score.name: None for score in SCORES} | _rounded(self.standalone)
        if scores is not None:
            whole = {name: value.to_json(DIGITS) for name, value in scores.whole.items()}
        return {
            "image": str(self.file),
            "raw": _rounded(self.raw),
            "calibrated": None if scores is None else _rounded(scores.expression),
            "matched": {name: str(match.file) for name, match in self.matches.items()},
            **({"parts": {name: [p.to_json() for p in shown] for name, shown in self.parts.items()}} if self.parts else {}),
            **({"doubts": {name: list(why) for name, why in self.doubts.items()}} if self.doubts else {}),
            "looked_at": {name: list(box) for name, box in self.regions.items()},
            **summary_of(self.observation),
            **whole,
            "breaks": None if scores is None else list(self.breaks),
        }


def open_images(files: Sequence[Path]) -> tuple[list[tuple[Path, Image]], list[InputError]]:
    """The images that open, and the errors of the others."""
    found, wrong = [], []
    for file in files:
        try:
            found.append((file, open_photo(file)))
        except InputError as error:
            wrong.append(error)
    return found, wrong


def score_images(study: Study, images: Sequence[tuple[Path, Image]], judge: Judge | None) -> list[ScoredImage]:
    """Observes all images at once. With a judge of one seed the scores are calibrated and compared with its locked image."""
    photos = {name: reference_pictures(study, name).open() for name in study.spec.searched()}
    references = references_of(study)
    observations = study.observer.observe([image for _, image in images])
    return [_scored(references, file, image, o, photos, judge) for (file, image), o in zip(images, observations, strict=True)]


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
    regions = {name: box for name, box in places.items() if box is not None}
    parts = {name: shown for name, r in all_references.items() if (shown := shown_parts(observation, r))}
    doubts = {name: why for name, r in all_references.items() if (why := identity_doubts(observation, r))}
    if judge is None:
        return ScoredImage(file, image, observation, raw, matches, None, (), regions, parts, doubts)
    scores = judge.scores(observation)
    breaks = tuple(constraint.name for constraint in judge.constraints(scores) if constraint.violated)
    return ScoredImage(file, image, observation, raw, matches, scores, breaks, regions, parts, doubts)


def _rounded(values: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: None if value is None else round(value, DIGITS) for name, value in values.items()}
