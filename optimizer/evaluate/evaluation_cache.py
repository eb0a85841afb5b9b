"""Stored evaluations: each image of an image cache with its observation in a JSON file of the same stem."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from models.io.files import write_whole
from optimizer.evaluate.base import Evaluation
from optimizer.evaluate.image_cache import ImageCache
from optimizer.point import Job
from scorers.observe.observation import Observation


@dataclass(frozen=True)
class EvaluationCache:
    """What evaluators read before they draw, and write once they have observed."""

    images: ImageCache
    observer_id: str
    """A hash of the scorers' models: observations of other models are other files."""

    def find(self, job: Job, *, alone: bool) -> Evaluation | None:
        """The evaluation whose image and observation are both stored. `alone` excludes images drawn in a batch."""
        place = self.images.find(job, alone=alone)
        if place is None or not self._observation(place).exists():
            return None
        observation = Observation.from_json(json.loads(self._observation(place).read_text(encoding="utf-8")))
        return Evaluation(job.seed, job.point, place, observation)

    def store(self, job: Job, place: Path, observation: Observation) -> Evaluation:
        """Stores the observation of the image at `place`."""
        write_whole(self._observation(place), json.dumps(observation.to_json()).encode())
        return Evaluation(job.seed, job.point, place, observation)

    def restore(self, job: Job, copy: Path) -> None:
        """As `Evaluator.restore`."""
        place = self.images.path(job)
        if not place.exists() and copy.exists():
            write_whole(place, copy.read_bytes())

    def _observation(self, place: Path) -> Path:
        return place.with_suffix(f".{self.observer_id[:12]}.json")
