"""What one image of a LoRA shows, and what a weight shows over all seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from optimizer.evaluate.base import Evaluation
from scorers.compare.nearness import Photos, likeness
from scorers.observe.observation import Observation
from scorers.observe.references import References
from scorers.score.base import Comparison
from scorers.score.calibration import Calibration, ladder_faults, leave_one_out, noise_of, similarity
from scorers.score.drift import keypoint_distance
from scorers.score.hands import HANDS
from studies.lora_report.sight import Sight
from studies.run.blur_policy import little_clothing


@dataclass(frozen=True)
class Seen:
    """One image of a LoRA alone, compared with the plain image of its seed: all LoRAs at 0, none of their words."""

    seed: int
    weight: float
    """0: the LoRA's words alone."""
    image: Path
    raw: float
    """Similarity to the photos, in [0, 1]."""
    faults: tuple[str, ...]
    """What is wrong with the figure that is not in the plain image."""
    hands: float
    """0 whole, 1 broken or lost."""
    moved: float
    """Mean distance of head, hands and feet, in heights of the figure."""
    inside: float
    """Mean difference of pixels where the LoRA's own thing is, in levels of 255."""
    outside: float
    """The same of all the rest: what leaks."""
    by_place: Mapping[str, float]
    """The same by place."""
    likeness: Mapping[str, float]
    """Cosines of the face and of each garment to those of the plain image."""
    nearness: float | None
    """Cosine of the whole picture to the nearest photo; None without photos."""
    carried: float | None
    """Mean cosine of the face to the faces of the photos; None where either shows none, without photos, and of face LoRAs."""
    bare: bool = False
    failed: str = ""


@dataclass(frozen=True)
class AtWeight:
    """One weight over all seeds, its images in their order."""

    weight: float
    seen: tuple[Seen, ...]

    def of(self, name: str) -> list[float]:
        """A measure by its name in `Seen`, for every seed that has it."""
        return [value for one in self.seen if (value := getattr(one, name)) is not None]

    def place(self, place: str) -> list[float]:
        return [one.by_place[place] for one in self.seen if place in one.by_place]

    def like(self, thing: str) -> list[float]:
        return [one.likeness[thing] for one in self.seen if thing in one.likeness]


@dataclass(frozen=True)
class Thing:
    """What a LoRA is measured by."""

    references: References
    photos: Photos | None
    """None where the LoRA's own pictures stand in for photos: those it must be near."""
    sight: Sight

    @property
    def noise(self) -> float:
        return noise_of(leave_one_out(self.references))

    @property
    def alike(self) -> float | None:
        """The median of the photos' own leave-one-out similarity; None for a single photo."""
        found = leave_one_out(self.references)
        return float(median(found)) if found else None

    def seen(self, image: Evaluation, weight: float, plain: Evaluation) -> Seen:
        """`image` is the LoRA at `weight`, `plain` the plain image of the same seed."""
        import numpy as np

        observation = image.observation
        change = self.sight.changed(image, plain, self.references)
        photos = self.photos
        return Seen(
            seed=image.seed,
            weight=weight,
            image=image.image,
            raw=similarity(observation, self.references),
            faults=ladder_faults(observation, plain.observation),
            hands=hands_of(observation, plain.observation),
            moved=keypoint_distance(observation, plain.observation),
            inside=change.inside,
            outside=change.outside,
            by_place={str(place): share for place, share in change.by_place.items()},
            likeness=likeness(observation, plain.observation),
            nearness=None if photos is None else photos.nearest(np.asarray(self.sight.vector(image.image), np.float32))[1],
            carried=None if photos is None or self.references.kind == "face" else photos.face_likeness(observation),
            bare=little_clothing(observation),
            failed=observation.failed,
        )


def hands_of(observation: Observation, plain: Observation) -> float:
    """As a study scores hands, with the plain image in the place of the locked one."""
    return HANDS.of(Comparison(observation, plain, plain)).value


def calibrations_of(members: Sequence[Sequence[AtWeight]], plain: Mapping[int, float], thing: Thing) -> dict[int, Calibration]:
    """By seed, one for all epochs of a training: 0 is the plain image, 1 the best sound image of any of them at any weight."""
    found = {}
    for seed, zero in plain.items():
        images = [one for rungs in members for rung in rungs for one in rung.seen if one.seed == seed and one.weight > 0]
        sound = [one.raw for one in images if not one.faults] or [one.raw for one in images]
        found[seed] = Calibration(zero, max(sound), thing.noise, thing.alike if thing.alike is not None else 1.0)
    return found
