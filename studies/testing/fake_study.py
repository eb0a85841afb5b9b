"""A whole study on disk whose models are fakes: for tests and benchmarks of all that is around rendering.

Its files hold anything, and its workspace stores facts about them, so that verbs which need no model work on it as on any.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optimizer.point import Job, Point
from optimizer.render.base import Renderer
from optimizer.render.decode import NotDrawn
from scorers.testing.fake_observer import FakeObserver, Shown, picture_of
from studies.model_facts import BaseFacts
from studies.spec import read_spec
from studies.study import Study
from studies.testing.fake_backend import FakeBackend, facts_of
from studies.workspace import Workspace

if TYPE_CHECKING:
    from PIL.Image import Image

TEXT = """
name: NAME
base: {checkpoint: base.safetensors, config: sd15}
prompt: "1girl, testdress, myshoes"
render: {width: WIDTH, height: HEIGHT, steps: 20, sampler: "DPM++ 2M Karras", cfg: 5.0, rng: cpu, device: cpu}
loras:
  face:  {file: face.safetensors,  kind: face,     references: photos, trigger: myface,    start: 0.6}
  dress: {file: dress.safetensors, kind: clothing, references: photos, trigger: testdress, start: 0.6}
  shoes: {file: shoes.safetensors, kind: shoes,    references: photos, trigger: myshoes,   start: 0.6}
search: {require: {face: 0.4, dress: 0.4, shoes: 0.4}, sampler: random, robustness: 0, trials: 40}
seeds: [7]
scorers: {hands: {judge: hands.onnx}, garment: {model: clip}, face: {pack: faces}, parts: {model: parser}, device: cpu}
"""


def shown_at(point: Point) -> Shown:
    """What a figure shows at these weights: each LoRA as much as it weighs; without the dress's there is nothing on, and hands
    break as the weights add up."""
    weight = {name: min(1.0, point.weights.get(name, 0.0)) for name in ("face", "dress", "shoes")}
    return Shown(
        clothing=weight["dress"] or None,
        shoes=weight["shoes"],
        face=weight["face"],
        hands=max(0.0, sum(weight.values()) - 2) / 2,
    )


@dataclass
class FakeWorld:
    """Draws what `shown_at` gives, on a ground that `paint` draws, flat grey if it is None."""

    size: tuple[int, int]
    paint: Callable[[Job], Image] | None = None
    drawn: list[Job] = field(default_factory=list)

    def render(self, jobs: Sequence[Job]) -> list[Image | NotDrawn]:
        return [self._draw(job) for job in jobs]

    def _draw(self, job: Job) -> Image:
        self.drawn.append(job)
        picture = picture_of(shown_at(job.point), self.size)
        if self.paint is not None:
            ground = self.paint(job)
            ground.paste(picture.crop((0, 0, 6, 1)))
            return ground
        return picture

    def identity(self) -> Mapping[str, Any]:
        return {"fake": list(self.size)}

    def batch(self) -> int:
        return 1

    def seconds_per_image(self) -> float:
        return 0.0


def fake_study(
    folder: Path, *, name: str = "fake", size: tuple[int, int] = (64, 96), paint: Callable[[Job], Image] | None = None
) -> Study:
    """Writes the study file and all that it names into `folder`, and opens it on a FakeBackend over a FakeWorld."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    text = TEXT.replace("NAME", name).replace("WIDTH", str(size[0])).replace("HEIGHT", str(size[1]))
    (folder / "study.yaml").write_text(text.lstrip())
    for file in ("base.safetensors", "face.safetensors", "dress.safetensors", "shoes.safetensors", "hands.onnx"):
        (folder / file).write_text(file)
    (folder / "photos").mkdir(exist_ok=True)
    Image.new("RGB", (8, 12)).save(folder / "photos" / "photo.png")
    study = opened_on(folder, FakeWorld(size, paint))
    study.workspace.make()
    study.seconds_per_image()
    return study


def opened_on(folder: Path, world: Renderer) -> Study:
    """The study that lies in `folder`, as another process opens it, drawn by `world`."""
    spec = read_spec(folder / "study.yaml")
    backend = FakeBackend(
        world, FakeObserver(), facts_of(spec.lora_files(), BaseFacts("base", "0" * 64, "sd15", {}), first=1), lazy=True
    )
    return Study(spec, folder, Workspace(folder / "workspace"), backend)


def drawn(study: Study) -> list[Job]:
    """All that the fake world of a study drew, in order."""
    assert isinstance(study.backend, FakeBackend)
    assert isinstance(study.backend.renderer, FakeWorld)
    return study.backend.renderer.drawn
