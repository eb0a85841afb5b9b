"""Calibration: 0 is a seed without the LoRA, 1 the best image of the LoRA alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from models.boxes import ShareBox
from models.errors import InputError
from scorers.observe.observation import Observation
from scorers.observe.references import References
from scorers.score import garment, identity


@dataclass(frozen=True)
class Calibration:
    """The range of a LoRA's raw similarity at one seed."""

    zero: float
    """The raw similarity with all LoRAs at 0 and the plain prompt."""
    one: float
    """The best of the LoRA's ladder."""
    noise: float
    """The spread that means nothing."""
    references: float
    """The median of the photos' own leave-one-out, for comparison."""

    @property
    def measurable(self) -> bool:
        """False if the range is no larger than its noise: then there is no score."""
        return self.one - self.zero > self.noise

    def calibrated(self, raw: float) -> float | None:
        """(raw - zero) / (one - zero): at least 0, above 1 where `raw` beats the ladder; None if not measurable."""
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
            raise InputError(f"not a stored calibration ({error})", "calibration", "calibrate again") from error


def similarity(observation: Observation, references: References) -> float:
    """The raw similarity of an image to one LoRA's references, in [0, 1]."""
    if references.kind == "face":
        return identity.identity_similarity(observation.face, references)
    return garment.garment_similarity(garment.seen_region(observation, references), references)


def seen_place(observation: Observation, references: References) -> ShareBox | None:
    """The region of the image behind the similarity; None if it does not show the thing."""
    found = observation.face if references.kind == "face" else garment.seen_region(observation, references)
    return None if found is None else found.box


def matched_photo(observation: Observation, references: References) -> int | None:
    """The index of the reference photo most similar to the image; None if the image does not show the thing."""
    if references.kind == "face":
        face = observation.face
        return None if face is None else references.photo(identity.nearest(face, references))
    region = garment.seen_region(observation, references)
    return None if region is None else references.photo(garment.nearest(region, references))


def calibrate(references: References, plain: Observation, ladder: Sequence[Observation]) -> Calibration:
    """`plain` is this seed with all weights 0 and the plain prompt, `ladder` the LoRA's images alone at rising weights.

    The noise is half the interquartile range of the references' leave-one-out: photos of one thing differ by as much.
    """
    if not ladder:
        raise InputError("no image of the LoRA alone", "calibration", "render a ladder of at least one weight")
    alike = leave_one_out(references)
    best = max(similarity(step, references) for step in ladder)
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
