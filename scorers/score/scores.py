"""Scores an observation: pure functions, so that stored observations are scored again when requirements change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.errors import InputError
from models.language.translate import phrase
from models.lora_kinds import ScoredKind
from scorers.observe.observation import Observation
from scorers.observe.references import References
from scorers.score.base import Comparison, ScoreValue
from scorers.score.calibration import Calibration, similarity
from scorers.score.other_faces import other_faces
from scorers.score.parts.shown import ShownPart, shown_parts
from scorers.score.registry import SCORES


@dataclass(frozen=True)
class Scores:
    """All scores of one image."""

    raw: Mapping[str, float]
    """Similarity to the references by LoRA, in [0, 1]."""
    expression: Mapping[str, float | None]
    """The same calibrated, at least 0; None where it is not measurable."""
    whole: Mapping[str, ScoreValue]
    """Scores of the image as a whole, by name (scorers.score.registry)."""
    face_found: bool
    """False if the image, or one of its figures, shows no face."""
    extra: Mapping[str, float | None] = field(default_factory=dict)
    """Plugged-in scorers' scores in [0, 1]; None where one failed."""
    parts: Mapping[str, tuple[ShownPart, ...]] = field(default_factory=dict)
    """By LoRA what the image shows of it, part by part; none where parts are not compared. Not stored with trials."""
    other_faces: Mapping[str, float] = field(default_factory=dict)
    """By face LoRA of several figures, how much more its figure looks like another's photos (scorers.score.figures)."""

    @property
    def measurable(self) -> dict[str, bool]:
        """For each LoRA whether its expression means anything at this seed."""
        return {name: value is not None for name, value in self.expression.items()}

    @property
    def graded(self) -> dict[str, float]:
        """By name the scores of the whole image that are numbers."""
        return {name: found.value for name, found in self.whole.items() if not found.score.counted}

    @property
    def counted(self) -> dict[str, tuple[str, ...]]:
        """By name the faults that the other scores of the whole image counted."""
        return {name: found.faults for name, found in self.whole.items() if found.score.counted}

    @property
    def standalone(self) -> dict[str, float]:
        """By name the graded scores that mean something for an image alone."""
        return {name: found.value for name, found in self.whole.items() if found.score.standalone is not None}

    def to_json(self) -> dict[str, Any]:
        """As it is stored with trials; readers of stored trials rely on "expression"."""
        return {
            "raw": dict(self.raw),
            "expression": dict(self.expression),
            **{name: found.to_json() for name, found in self.whole.items()},
            "face_found": self.face_found,
            "extra": dict(self.extra),
            **({"other_faces": dict(self.other_faces)} if self.other_faces else {}),
        }


def score(
    observation: Observation,
    references: Mapping[str, References],
    calibrations: Mapping[str, Calibration],
    kinds: Mapping[str, ScoredKind],
    locked: Observation,
    others: Sequence[Observation] = (),
    plain: Observation | None = None,
) -> Scores:
    """Scores one image.

    `kinds` names the LoRAs to score; one without a calibration keeps its raw score. `locked` is the locked image, `others` are
    images of other seeds, the unit of drift, and `plain` is this seed with all LoRAs at 0: hands that it or the locked image
    shows are expected.

    Raises InputError if a LoRA has no references, or references of another kind.
    """
    raw = {}
    for name, kind in kinds.items():
        if name not in references or references[name].kind != kind:
            raise InputError(phrase("no {kind} references", kind=kind), name, "name a folder of reference photos for it")
        raw[name] = similarity(observation, references[name])
    comparison = Comparison(observation, locked, plain or locked, others)
    return Scores(
        raw=raw,
        expression={n: calibrations[n].calibrated(value) if n in calibrations else value for n, value in raw.items()},
        whole={s.name: s.of(comparison) for s in SCORES},
        face_found=all(seen.face is not None for seen in observation.figures.values() or [observation]),
        extra=observation.extra,
        parts={name: shown for name in kinds if (shown := shown_parts(observation, references[name]))},
        other_faces=other_faces(observation, references, kinds),
    )
