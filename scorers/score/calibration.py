"""Calibration: 0 is a seed without the LoRA, 1 the best sound image of the LoRA alone or of the seed's start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from models.boxes import ShareBox
from models.errors import InputError
from models.language.translate import Phrase, phrase
from scorers.observe.observation import Observation
from scorers.observe.references import References
from scorers.score import garment, identity
from scorers.score.body import body_faults
from scorers.score.figures import faults_by_figure
from scorers.score.judgeable_hands import judgeable_hands

BROKEN: Final = 0.5
"""The probability from which a hand counts as broken."""
FACE_KEPT: Final = 0.75
"""The least share of the plain image's detector score that a sound figure's face has."""

BESIDE_PLAIN: Final = {
    "{feet} where the locked image shows {locked}": "{feet}, not {locked}",
    "{hands} hands where the locked image shows {locked}": "{hands} hands, not {locked}",
}
"""What is said of a body compared with the locked image, and with the plain one."""


@dataclass(frozen=True)
class Calibration:
    """The range of a LoRA's raw similarity at one seed."""

    zero: float
    """The raw similarity with all LoRAs at 0 and the plain prompt."""
    one: float
    """The best of the LoRA's ladder and the seed's start image, where the figure is sound."""
    noise: float
    """The spread that means nothing."""
    references: float
    """The median of the photos' own leave-one-out, for comparison."""

    @property
    def measurable(self) -> bool:
        """False if the range is no larger than its noise: then there is no score."""
        return self.one - self.zero > self.noise

    def calibrated(self, raw: float) -> float | None:
        """(raw - zero) / (one - zero): at least 0, above 1 where `raw` beats what calibrates; None if not measurable."""
        if not self.measurable:
            return None
        return max(0.0, (raw - self.zero) / (self.one - self.zero))

    def to_json(self) -> dict[str, float]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Calibration:
        """Raises InputError if `stored` is not what `to_json` wrote."""
        try:
            return cls(float(stored["zero"]), float(stored["one"]), float(stored["noise"]), float(stored["references"]))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                phrase("not a stored calibration ({error})", error=error), "calibration", "calibrate again"
            ) from error


def similarity(observation: Observation, references: References) -> float:
    """The raw similarity of an image to one LoRA's references, in [0, 1]; of the figure whose LoRA it is."""
    observation = observation.of(references.figure)
    if references.kind == "face":
        return identity.identity_similarity(observation.face, references)
    return garment.garment_similarity(garment.seen_region(observation, references), references)


def seen_place(observation: Observation, references: References) -> ShareBox | None:
    """The region of the image behind the similarity; None if it does not show the thing."""
    observation = observation.of(references.figure)
    found = observation.face if references.kind == "face" else garment.seen_region(observation, references)
    return None if found is None else found.box


def matched_photo(observation: Observation, references: References) -> int | None:
    """The index of the reference photo most similar to the image; None if the image does not show the thing."""
    observation = observation.of(references.figure)
    if references.kind == "face":
        face = observation.face
        return None if face is None else references.photo(identity.nearest(face, references))
    region = garment.seen_region(observation, references)
    return None if region is None else references.photo(garment.nearest(region, references))


def ladder_faults(step: Observation, plain: Observation) -> tuple[str, ...]:
    """What is wrong with the figure in an image of a LoRA alone, compared with the plain image of the same seed; nothing where it
    is sound. A picture that has fallen apart is never the best that a LoRA shows. One broken hand is no such picture. Each of
    several figures is compared with itself."""
    if step.figures:
        each = {name: ladder_faults(seen, plain.of(name)) for name, seen in step.figures.items()}
        return faults_by_figure(each)
    found = [_beside_plain(fault) for fault in body_faults(step, plain)]
    hands, before = judgeable_hands(step), judgeable_hands(plain)
    if hands and all(hand.broken >= BROKEN for hand in hands) and any(hand.broken < BROKEN for hand in before):
        found.append(phrase("every hand broken"))
    if plain.face is not None and step.heads > 0:
        score = 0.0 if step.face is None else step.face.score
        if score < FACE_KEPT * plain.face.score:
            found.append(phrase("hardly a face") if score else phrase("no face"))
    return tuple(found)


def _beside_plain(fault: str) -> str:
    words = BESIDE_PLAIN.get(fault.template) if isinstance(fault, Phrase) else None
    return fault if words is None or not isinstance(fault, Phrase) else phrase(words, **fault.values)


def calibrate(
    references: References, plain: Observation, ladder: Sequence[Observation], sound: Sequence[bool] | None = None
) -> Calibration:
    """`plain` is this seed with all weights 0 and the plain prompt, `ladder` the images that can be the 1: the LoRA's alone at
    rising weights, and the seed's start. Those that are `sound` count; all, where none is or nothing is given.

    The noise is half the interquartile range of the references' leave-one-out: photos of one thing differ by as much.
    """
    if not ladder:
        raise InputError("no image of the LoRA alone", "calibration", "render a ladder of at least one weight")
    alike = leave_one_out(references)
    kept = ladder if sound is None or not any(sound) else [step for step, ok in zip(ladder, sound, strict=True) if ok]
    best = max(similarity(step, references) for step in kept)
    return Calibration(similarity(plain, references), best, noise_of(alike), float(np.median(alike)) if alike else 1.0)


def leave_one_out(references: References) -> list[float]:
    """Each reference photo's own similarity to the others."""
    if references.kind == "face":
        return identity.leave_one_out(references)
    return garment.leave_one_out(references)


def noise_of(alike: Sequence[float]) -> float:
    """Half the interquartile range, at least 0.02: a single photo has no spread."""
    if len(alike) < 2:
        return 0.02
    low, high = np.quantile(alike, (0.25, 0.75))
    return max(0.02, float(high - low) / 2)
