"""The backend over drawing servers in memory: the backend suite, and whole studies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

from models.errors import InputError
from optimizer.point import Job
from optimizer.render.remote.base import OnStep, RemoteRenderer
from optimizer.render.remote.client import Client
from optimizer.render.remote.watched import DriftError
from optimizer.testing.fake_remote_renderer import FakeRemoteRenderer, FakeServer
from optimizer.testing.fake_server.scene import Scene
from scorers.observe.base import Observer
from scorers.testing.fake_observer import FakeObserver
from studies.backends.registry import DrawnStudy
from studies.backends.remote import RemoteBackend, study_loras
from studies.local_models import LocalModels
from studies.pipeline import run_study, scout_study
from studies.run.scouting import lock
from studies.spec import StudySpec
from studies.study import Study
from studies.testing.backend_suite import BackendSuite
from studies.testing.lab_study import SPEC, seen, study_of
from studies.testing.recording_callback import RecordingCallback
from studies.tracking.memory import MemoryTracker
from studies.workspace import Workspace

URLS = ["http://127.0.0.1:8188", "http://127.0.0.1:8189"]


def paint(scene: Scene) -> Image.Image:
    """As the painter of the fakes: the first pixel shows the weights; the ground, the seed."""
    image = Image.new("RGB", (scene.width, scene.height), (scene.seed % 200, 90, 60))
    levels = [round(255 * min(1.0, scene.loras[name])) for name in ("dress", "shoes")]
    image.paste((*levels, 0), (0, 0, scene.width, 8))
    return image


class FakeModels(LocalModels):
    @cached_property
    def observer(self) -> Observer:
        return FakeObserver(seen)


@dataclass
class Studio:
    """A study in a folder, and the servers that draw it."""

    folder: Path
    servers: list[FakeServer] = field(default_factory=lambda: [FakeServer(paint=paint)])
    changes: dict[str, Any] = field(default_factory=dict)
    backends: list[RemoteBackend] = field(default_factory=list)

    def open(self) -> Study:
        """As another process."""
        urls = URLS[: len(self.servers)]
        sections = {**SPEC, "draw": {"with": "webui", "url": urls}, **self.changes}
        # Writes the photos.
        study_of({**SPEC, **self.changes}, self.folder)
        spec, workspace = StudySpec.model_validate(sections), Workspace(self.folder / "workspace")
        models = FakeModels(spec, self.folder)
        drawn = DrawnStudy(spec, self.folder, workspace, models)
        fixed = {name: lora.fixed for name, lora in spec.loras.items() if lora.fixed is not None}

        def connect(client: Client, on_step: OnStep) -> RemoteRenderer:
            server = self.servers[URLS.index(client.url)]
            client.close()
            return Stepping(server, fixed, on_step=on_step)

        backend = RemoteBackend(drawn, spec.draw, connect)  # type: ignore[arg-type]
        self.backends.append(backend)
        return Study(spec, self.folder, workspace, backend, models)

    @property
    def drawn(self) -> list[Scene]:
        return [scene for server in self.servers for scene in server.drawn]


@dataclass
class Stepping(FakeRemoteRenderer):
    on_step: OnStep = lambda step, of: None

    def render(self, jobs: Sequence[Job]) -> Any:
        self.on_step(20, 20)
        return super().render(jobs)


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


class TestRemoteBackend(BackendSuite):
    @pytest.fixture(params=[1, 2])
    def reopen(self, request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Study]:
        return Studio(tmp_path, [FakeServer(paint=paint) for _ in range(request.param)]).open


def run(study: Study, **more: Any) -> Any:
    return run_study(study, trials=12, tracker=MemoryTracker(), **more)


class TestWholeStudies:
    def test_from_scouting_to_the_proof_no_image_is_drawn_twice(self, studio: Studio) -> None:
        studio.changes = {"seeds": {"scout": 4, "keep": 1}}
        study = studio.open()
        ranked, _ = scout_study(study, tracker=MemoryTracker())
        lock(study, [ranked[0].seed])
        (outcome,) = run(studio.open())
        assert outcome.pick is not None
        assert outcome.trials
        asked = [(scene.seed, scene.loras, scene.cfg, scene.prompt) for scene in studio.drawn]
        start = study.start.weights
        canaries = [job for job in asked if job[:2] == (study.spec.scout_seeds(1)[0], start)]
        again = [job for index, job in enumerate(asked) if job in asked[:index] and job not in canaries]
        assert again == []
        images = len(list(study.workspace.images.glob("*.png")))
        checks = len(canaries) - 1
        assert len(asked) == images + checks
        assert checks == 2, "one as the run begins, one as it ends"

    def test_a_run_resumes_without_drawing_what_is_stored(self, studio: Studio) -> None:
        first = run(studio.open())
        drawn = len(studio.drawn)
        assert [o.trials for o in run(studio.open())] == [o.trials for o in first]
        assert len(studio.drawn) == drawn, "nothing has to be drawn, so nothing is checked either"

    def test_two_servers_draw_seeds_at_the_same_time_and_the_same_images(self, tmp_path: Path) -> None:
        one, two = Studio(tmp_path / "one"), Studio(tmp_path / "two", [FakeServer(paint=paint) for _ in range(2)])
        alone, together = run(one.open()), run(two.open())
        assert [o.trials for o in together] != []
        assert [[t.judged.point for t in o.trials] for o in together] == [[t.judged.point for t in o.trials] for o in alone]
        assert all(len(server.drawn) > 10 for server in two.servers)
        assert len(two.drawn) <= len(one.drawn) + 1 + len(one.drawn) // 20

    def test_steps_and_what_is_drawn_first_are_reported(self, studio: Studio) -> None:
        callback = RecordingCallback()
        run(studio.open(), callback=callback)
        first = f"first the start image at {URLS[0]}, then without dress, shoes in turn, to see that each LoRA acts"
        assert first in callback.messages()
        assert ("on_step", URLS[0], 20, 20) in callback.calls
        again = RecordingCallback()
        run_study(studio.open(), [9], trials=4, tracker=MemoryTracker(), callback=again)
        assert [text for text in again.messages() if text.startswith("the start image is drawn again")]


class TestRefusals:
    def test_a_lora_that_does_nothing_stops_before_anything_else_is_drawn(self, studio: Studio) -> None:
        studio.servers = [FakeServer(paint=paint, dead=frozenset({"shoes"}))]
        with pytest.raises(InputError, match=r"with and without shoes"):
            scout_study(studio.open(), 8, tracker=MemoryTracker())
        assert len(studio.drawn) == 4

    def test_drift_in_the_middle_sets_the_images_since_the_last_check_aside(self, studio: Studio) -> None:
        def drifting(scene: Scene) -> Image.Image:
            image = paint(scene)
            return image if len(studio.drawn) < 30 else ImageChops.add(image, Image.new("RGB", image.size, (0, 9, 9)))

        studio.servers = [FakeServer(paint=drifting)]
        with pytest.raises(DriftError, match=r"the 1. images since the last check are set aside"):
            run(studio.open())
        studio.servers[0].paint = paint
        undisturbed = Studio(studio.folder.parent / "undisturbed")
        assert [o.trials and [t.judged.point for t in o.trials] for o in run(studio.open())] == [
            [t.judged.point for t in o.trials] for o in run(undisturbed.open())
        ]

    def test_another_server_than_drew_the_stored_images_is_named(self, studio: Studio) -> None:
        run(studio.open())
        studio.servers[0].version = "2"
        with pytest.raises(
            InputError, match=r"WebUI would now draw otherwise .*version of the program that draws was 1 and is 2"
        ):
            studio.open().evaluator.evaluate(99, studio.open().start)
        with pytest.raises(InputError, match=r"version of the program that draws was 1 and is 2"):
            run_study(studio.open(), trials=20, tracker=MemoryTracker())

    def test_two_servers_that_differ_are_named(self, studio: Studio) -> None:
        studio.servers = [FakeServer(paint=paint), FakeServer(paint=paint, version="2", checkpoint_hash="fe" * 8)]
        with pytest.raises(
            InputError, match=r"two servers would draw different images \(version .* was 1 and is 2; base was .* and is fefe"
        ):
            run(studio.open())
        assert not studio.drawn

    def test_a_name_that_no_lora_has(self, studio: Studio) -> None:
        study = studio.open()

        def named(names: dict[str, str]) -> StudySpec:
            return study.spec.model_copy(update={"draw": study.spec.draw.model_copy(update={"loras": names})})

        with pytest.raises(InputError, match=r"no LoRA of the study is named coat: draw.loras.coat"):
            study_loras(named({"coat": "coat.safetensors"}), study.root)
        assert study_loras(named({"dress": "sub/d.safetensors"}), study.root)[0].server_name == "sub/d.safetensors"

    def test_ray_is_refused(self, studio: Studio) -> None:
        with pytest.raises(InputError, match="the WebUI draws this study, and Ray's workers would not"):
            run(studio.open(), ray="local")


def test_closing_ends_all_connections(studio: Studio) -> None:
    study = studio.open()
    study.backend.identity()
    backend = studio.backends[0]
    remote = backend._remote(0)
    backend.close()
    assert isinstance(remote, FakeRemoteRenderer)
    assert remote.closed
    assert not backend.is_open()
