"""A whole study on fakes: real storage, real search, images that cost nothing."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from PIL import Image

from optimizer.evaluate.evaluator import LocalEvaluator
from optimizer.evaluate.image_cache import CachedRenderer
from optimizer.render.base import Renderer
from scorers.testing.fake_observer import FakeObserver, Shown, references_of
from studies.run.before_trials import judge_for
from studies.run.outcome import Outcome
from studies.run.seed_search import run_seed
from studies.spec import StudySpec
from studies.study import Study
from studies.testing.painter import Painter
from studies.tracking.base import Tracker
from studies.tracking.memory import MemoryTracker
from studies.workspace import Workspace

SPEC: dict[str, Any] = {
    "name": "outfit",
    "base": {"checkpoint": "base.safetensors"},
    "prompt": "1girl, testdress",
    "render": {"width": 64, "height": 96, "steps": 20, "sampler": "DPM++ 2M Karras", "cfg": 5.0, "rng": "cpu"},
    "loras": {
        "dress": {"file": "d.safetensors", "kind": "clothing", "references": "d", "start": 0.6},
        "shoes": {"file": "s.safetensors", "kind": "shoes", "references": "s", "start": 0.6},
    },
    "search": {"require": {"dress": 0.4, "shoes": 0.4}, "sampler": "random", "robustness": 0},
    "seeds": [7, 8],
    "scorers": {"hands": {"judge": "hands.onnx"}},
}


def seen(image: Image.Image) -> Shown:
    """As much of the dress and the shoes as the painter painted."""
    red, green, _ = image.getpixel((0, 0))  # type: ignore[misc]
    return Shown(clothing=red / 255, shoes=green / 255)


def study_in(folder: Path, *, renderer: Renderer | None = None, observer_id: str = "fake", **changes: Any) -> Study:
    """`changes` replace whole sections of the study file."""
    made = Study(StudySpec.model_validate({**SPEC, **changes}), folder, Workspace(folder / "workspace"))
    renderer = renderer or Painter()
    made.__dict__ |= {
        "base": SimpleNamespace(name="lab", hash="0123456789abcdef", is_xl=False, schedule={}),
        "loras": {name: SimpleNamespace(hash=f"{i:012x}", metadata={}) for i, name in enumerate(made.spec.loras)},
        "renderer": renderer,
        "evaluator": LocalEvaluator(CachedRenderer(renderer, made.workspace.images), FakeObserver(seen), observer_id),
        "references": {"dress": references_of("clothing"), "shoes": references_of("shoes")},
    }
    return made


def run(study: Study, seed: int = 7, budget: int = 12, tracker: Tracker | None = None) -> Outcome:
    study.workspace.make()
    judge, _ = judge_for(study, seed, lambda: None)
    return run_seed(study, seed, judge=judge, budget=budget, tracker=tracker or MemoryTracker(), told=lambda done: None)
