"""A whole study on fakes: real storage, real search, images that cost nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from PIL import Image

from optimizer.render.base import Renderer
from scorers.observe.base import Observer
from scorers.testing.fake_observer import FakeObserver, Shown
from studies.run.calibration import calibrate
from studies.run.outcome import Outcome
from studies.run.seed_search import run_seed
from studies.spec import StudySpec
from studies.study import Study
from studies.testing.fake_backend import FakeBackend, facts_of
from studies.testing.painting_renderer import Painter, painted
from studies.tracking.base import Tracker
from studies.tracking.memory import MemoryTracker
from studies.workspace import Workspace

SPEC: Final[dict[str, Any]] = {
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


def study_in(folder: Path, *, renderer: Renderer | None = None, observer: Observer | None = None, **changes: Any) -> Study:
    """`changes` replace whole sections of the study file. The folder gets one reference photo a LoRA."""
    return study_of({**SPEC, **changes}, folder, renderer=renderer, observer=observer)


def study_of(
    sections: dict[str, Any], folder: Path, *, renderer: Renderer | None = None, observer: Observer | None = None
) -> Study:
    """As `study_in`, of a whole study file's sections. Without a renderer its images are painted, and read back as painted."""
    spec = StudySpec.model_validate(sections)
    for section in spec.searched().values():
        if section.references is not None:
            _photo(folder / section.references)
    backend = FakeBackend(renderer or Painter(), observer or FakeObserver(seen), facts_of(spec.lora_files()))
    return Study(spec, folder, Workspace(folder / "workspace"), backend)


def _photo(folder: Path) -> None:
    if not folder.exists():
        folder.mkdir(parents=True)
        Image.new("RGB", (8, 12)).save(folder / "photo.png")


def seen(image: Image.Image) -> Shown:
    """As much of the dress and the shoes as the painter painted."""
    dress, shoes = painted(image)
    return Shown(clothing=dress, shoes=shoes)


def fake_backend(study: Study) -> FakeBackend:
    """The study's backend, which must be a fake."""
    assert isinstance(study.backend, FakeBackend)
    return study.backend


def painter_of(study: Study) -> Painter:
    """The study's renderer, which must be a Painter."""
    renderer = fake_backend(study).renderer
    assert isinstance(renderer, Painter)
    return renderer


def run(study: Study, seed: int = 7, budget: int = 12, tracker: Tracker | None = None) -> Outcome:
    study.workspace.make()
    judge = calibrate(study, seed).judge
    return run_seed(study, seed, judge=judge, budget=budget, tracker=tracker or MemoryTracker(), on_trial=lambda event: None)
