"""Judges an observation: pure functions, so that a changed requirement re-judges what is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from models.errors import InputError
from scorers.observe.observation import Kind, Observation
from scorers.observe.references import References
from scorers.score.body import body_violations
from scorers.score.calibration import Calibration, similarity
from scorers.score.drift import drift
from scorers.score.hands import hands_score
from scorers.score.missing_hands import hands_lost


@dataclass(frozen=True)
class Scores:
    """`raw` in [0, 1] by LoRA; `expression` calibrated, at least 0, or None where not measurable; `hands` in [0, 1]: 0 whole, 1
    where an expected hand is not found; `body` what is wrong in words; `drift` 0 is the locked image again; `face_found` is False
    if no face was seen; `extra` are other people's scores in [0, 1], None where one failed."""

    raw: Mapping[str, float]
    expression: Mapping[str, float | None]
    hands: float
    body: tuple[str, ...]
    drift: float
    face_found: bool
    extra: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def measurable(self) -> dict[str, bool]:
        """For each LoRA whether its expression says anything at this seed."""
        return {name: value is not None for name, value in self.expression.items()}


def score(
    observation: Observation,
    references: Mapping[str, References],
    calibrations: Mapping[str, Calibration],
    kinds: Mapping[str, Kind],
    locked: Observation,
    others: Sequence[Observation] = (),
    plain: Observation | None = None,
) -> Scores:
    """Scores of one image. `kinds` names the LoRAs to judge; a LoRA without a calibration is scored raw (0 to 1 as it is).
    `locked` is the locked image, `others` images of other seeds for the unit of drift, `plain` this seed with all LoRAs at 0: the
    hands that it or the locked image shows are expected.

    Raises InputError if a LoRA has no references, or references of another kind.
    """
    raw = {}
    for name, kind in kinds.items():
        if name not in references or references[name].kind != kind:
            raise InputError(f"no {kind} references", name, "name a folder of reference photos for it")
        raw[name] = similarity(observation, references[name])
    lost = hands_lost(observation, plain or locked, locked)
    return Scores(
        raw=raw,
        expression={n: calibrations[n].calibrated(value) if n in calibrations else value for n, value in raw.items()},
        hands=hands_score(observation, lost),
        body=tuple(body_violations(observation, locked, lost)),
        drift=drift(observation, locked, others),
        face_found=observation.face is not None,
        extra=observation.extra,
    )
