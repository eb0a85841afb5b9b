"""(seed, point) -> image and raw observation. Judging comes later and elsewhere, so that it can be done again for nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from models.files import write_whole
from optimizer.image_cache import CachedRenderer
from optimizer.point import Point
from scorers.observation import Observation
from scorers.observe import Observes


@dataclass(frozen=True)
class Evaluation:
    seed: int
    point: Point
    image: Path
    observation: Observation


@dataclass
class Evaluator:
    """`observer_id` names the scorers' models: observations of other models are not mixed with theirs."""

    renderer: CachedRenderer
    observer: Observes
    observer_id: str

    def evaluate(self, seed: int, point: Point) -> Evaluation:
        """Draws and looks, unless both were done before."""
        path = self.renderer.path(seed, point)
        stored = path.with_suffix(f".{self.observer_id[:12]}.json")
        if stored.exists() and self.renderer.holds(seed, point):
            return Evaluation(seed, point, path, Observation.from_json(json.loads(stored.read_text(encoding="utf-8"))))
        observation = self.observer.observe([self.renderer.render(seed, point)])[0]
        write_whole(stored, json.dumps(observation.to_json()).encode())
        return Evaluation(seed, point, path, observation)
