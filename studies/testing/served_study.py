"""A whole study on disk that a fake drawing server draws: over HTTP and WebSockets, with the renderers that real ones get."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import yaml

from optimizer.render.remote.client import Patience
from optimizer.testing.fake_server.scene import Scene
from optimizer.testing.fake_server.workflows import plain
from scorers.observe.base import Observer
from scorers.testing.fake_observer import FakeObserver
from studies.backends.remote import RemoteBackend
from studies.local_models import LocalModels
from studies.spec import read_spec
from studies.study import Study
from studies.testing.lab_study import SPEC, seen
from studies.workspace import Workspace

if TYPE_CHECKING:
    from PIL.Image import Image

QUICK: Final = Patience((0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2))
LORAS: Final[Mapping[str, Any]] = {
    "dress": {"file": "dress.safetensors", "kind": "clothing", "references": "photos", "start": 0.6},
    "shoes": {"file": "shoes.safetensors", "kind": "shoes", "references": "photos", "start": 0.6},
}
PROMPT: Final = "1girl, testdress"


def painted_scene(scene: Scene) -> Image:
    """The first rows show the weights, as `studies.testing.painting_renderer.painted` reads them; the others, everything else."""
    from PIL import Image

    levels = [round(255 * min(1.0, scene.loras.get(name, 0.0))) for name in ("dress", "shoes")]
    rest = repr((scene.seed, scene.prompt, scene.negative_prompt, scene.cfg, scene.steps, scene.sampler)).encode()
    tiles = np.random.default_rng(list(rest)).integers(30, 220, (scene.height // 8, scene.width // 8, 3), np.uint8)
    image = Image.fromarray(tiles).resize((scene.width, scene.height), Image.Resampling.NEAREST)
    image.paste((*levels, 0), (0, 0, scene.width, scene.height // 4))
    return image


class ObservingModels(LocalModels):
    """Observes what was painted; raises where a model of the base would be opened."""

    @cached_property
    def observer(self) -> Observer:
        return FakeObserver(seen)

    @cached_property
    def base(self) -> Any:
        raise AssertionError("a study that a server draws opens no base here")


@dataclass
class ServedStudy:
    """Its file in `folder`, and what is open of it."""

    folder: Path
    backends: list[RemoteBackend] = field(default_factory=list)

    def write(self, draw: Mapping[str, Any], *, workflow: Mapping[str, Any] | None = None, **changes: Any) -> Path:
        """The study file, a photo, and the workflow of `draw` where it names one; `changes` replace whole sections."""
        from PIL import Image

        (self.folder / "photos").mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 12)).save(self.folder / "photos" / "photo.png")
        (self.folder / "hands.onnx").write_text("never opened")
        sections = {**SPEC, "loras": dict(LORAS), "prompt": PROMPT, "draw": dict(draw), "seeds": [7], **changes}
        if draw["with"] == "comfyui":
            workflow = plain(size=(64, 96)) if workflow is None else workflow
            (self.folder / str(draw["workflow"])).write_text(json.dumps(workflow))
            sections = {name: value for name, value in sections.items() if name not in ("base", "render") or name in changes}
        path = self.folder / "study.yaml"
        path.write_text(yaml.safe_dump({name: value for name, value in sections.items() if value is not None}))
        return path

    def open(self, workspace: Path | None = None) -> Study:
        """As another process opens it."""
        spec = read_spec(self.folder / "study.yaml")
        study = Study(
            spec, self.folder, Workspace(workspace or self.folder / "workspace"), None, ObservingModels(spec, self.folder)
        )
        assert isinstance(study.backend, RemoteBackend)
        study.backend.patience = QUICK
        self.backends.append(study.backend)
        return study

    def close(self) -> None:
        for backend in self.backends:
            backend.close()
