"""(seed, point) -> image and raw observation. Judging comes later and elsewhere, so that it can be done again for nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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
        image = self.renderer.render(seed, point)
        path = self.renderer.path(seed, point)
        stored = path.with_suffix(f".{self.observer_id[:12]}.json")
        if stored.exists():
            return Evaluation(seed, point, path, Observation.from_json(json.loads(stored.read_text(encoding="utf-8"))))
        observation = self.observer.observe([image])[0]
        partial = stored.with_suffix(f".{os.getpid()}.partial")
        partial.write_text(json.dumps(observation.to_json()), encoding="utf-8")
        partial.replace(stored)
        return Evaluation(seed, point, path, observation)

    def evaluate_all(self, seed: int, points: Sequence[Point]) -> list[Evaluation]:
        return [self.evaluate(seed, point) for point in points]
