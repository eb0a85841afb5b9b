"""Whole studies through both protocols: from scouting to the proof, over servers that die, change, lie or are no servers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Images
from PIL import ImageChops
from PIL.Image import Image

from models.errors import InputError
from optimizer.render.remote.watched import DriftError
from optimizer.testing.fake_server.comfyui import FakeComfyUI
from optimizer.testing.fake_server.scene import Scene
from optimizer.testing.fake_server.serving import Serving, free_port
from optimizer.testing.fake_server.webui import FakeWebui
from studies.pipeline import run_study, scout_study
from studies.run.outcome import Outcome
from studies.run.scouting import lock
from studies.study import Study
from studies.testing.backend_suite import BackendSuite
from studies.testing.recording_callback import RecordingCallback
from studies.testing.served_study import ServedStudy, painted_scene
from studies.tracking.memory import MemoryTracker


@dataclass
class Setting:
    """One program, its fakes, and a study that they draw."""

    program: str
    folder: Path
    fakes: list[Any] = field(default_factory=list)
    servers: list[Serving] = field(default_factory=list)
    studies: list[ServedStudy] = field(default_factory=list)

    def serve(self, **state: Any) -> Any:
        """One more fake server."""
        make: Callable[..., Any] = FakeComfyUI if self.program == "comfyui" else FakeWebui
        fake = make(**{"paint": painted_scene, **state})
        server = Serving(fake.app())
        server.start()
        self.fakes.append(fake)
        self.servers.append(server)
        return fake

    @property
    def draw(self) -> dict[str, Any]:
        urls = [server.url for server in self.servers]
        draw: dict[str, Any] = {"with": self.program, "url": urls[0] if len(urls) == 1 else urls}
        return {**draw, "workflow": "mine_api.json"} if self.program == "comfyui" else draw

    def study(self, name: str = "study", **changes: Any) -> ServedStudy:
        if not self.servers:
            self.serve()
        study = ServedStudy(self.folder / name)
        changes = {"render": {"width": 64, "height": 96, "steps": 4, "cfg": 7.5}, "base": {"checkpoint": "base"}, **changes}
        if self.program == "comfyui":
            changes = {name: value for name, value in changes.items() if name not in ("render", "base")}
        study.write(changes.pop("draw", self.draw), **changes)
        self.studies.append(study)
        return study

    @property
    def drawn(self) -> list[Scene]:
        """Of the study's size: the WebUI's first small picture is none of them."""
        return [scene for fake in self.fakes for scene in fake.drawn if (scene.width, scene.height) == (64, 96)]

    def kill(self, fake: Any, number: int) -> threading.Event:
        """The server of `fake` dies at its picture of this number and comes back a moment later. Set once it is back."""
        server, back = self.servers[self.fakes.index(fake)], threading.Event()
        paint, count = fake.paint, [0]

        def restart() -> None:
            server.stop()
            server.start()
            back.set()

        def painted(scene: Scene) -> Image:
            count[0] += 1
            if count[0] == number:
                threading.Thread(target=restart).start()
            return paint(scene)  # type: ignore[no-any-return]

        fake.paint = painted
        return back

    def close(self) -> None:
        for study in self.studies:
            study.close()
        for server in self.servers:
            server.stop()


@pytest.fixture(params=["comfyui", "webui"])
def setting(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Setting]:
    made = Setting(request.param, tmp_path)
    yield made
    made.close()


class TestServedBackend(BackendSuite):
    @pytest.fixture
    def reopen(self, setting: Setting) -> Callable[[], Study]:
        return setting.study().open


def run(study: Study, seeds: Sequence[int] = (), trials: int = 12, **more: Any) -> list[Outcome]:
    return run_study(study, seeds, trials=trials, tracker=MemoryTracker(), **more)


def points(outcomes: Sequence[Outcome]) -> list[list[Any]]:
    return [[trial.judged.point for trial in outcome.trials] for outcome in outcomes]


def jobs(drawn: Sequence[Scene]) -> list[Any]:
    return [(scene.seed, sorted((n, w) for n, w in scene.loras.items() if w), scene.cfg, scene.prompt) for scene in drawn]


def test_from_scouting_to_the_pick_and_its_proof(setting: Setting) -> None:
    search = {"require": {"dress": 0.4, "shoes": 0.4}, "robustness": 0}
    served = setting.study(seeds={"scout": 3, "keep": 1}, search=search)
    study = served.open()
    ranked, sheet = scout_study(study, tracker=MemoryTracker())
    assert sheet.is_file()
    lock(study, [ranked[0].seed])
    (outcome,) = run(served.open(), trials=40)
    assert outcome.pick is not None
    assert outcome.proof is not None
    assert outcome.proof.complete
    asked = jobs(setting.drawn)
    images = len(list(study.workspace.images.glob("*.png")))
    # The start once more as the run begins, after 20 images, and as it ends.
    checks = 1 + (images - 5) // 20 + 1
    assert len(asked) <= images + checks
    start = (study.spec.scout_seeds(1)[0], sorted(study.start.weights.items()))
    assert [job for index, job in enumerate(asked) if job in asked[:index] and job[:2] != start] == []
    served.close()
    setting.servers[0].stop()
    assert points(run(served.open(), trials=40)) == points([outcome]), "what is stored needs no server"


def test_a_server_killed_and_started_again_loses_and_doubles_no_trial(setting: Setting) -> None:
    fake = setting.serve()
    undisturbed = run(setting.study("undisturbed").open())
    back = setting.kill(fake, 17)
    served = setting.study()
    outcomes = run(served.open())
    assert back.is_set()
    assert points(outcomes) == points(undisturbed)
    numbers = [trial.number for outcome in outcomes for trial in outcome.trials]
    assert numbers == list(range(len(numbers)))
    assert len({str(point.key()) for point in points(outcomes)[0]}) == len(numbers)


def test_two_servers_draw_seeds_at_the_same_time(setting: Setting) -> None:
    setting.serve()
    alone = run(setting.study("alone", seeds=[7, 8]).open())
    setting.serve()
    served = setting.study(seeds=[7, 8])
    callback = RecordingCallback()
    assert points(run(served.open(), callback=callback)) == points(alone)
    assert {call[1] for call in callback.calls if call[0] == "on_step"} <= {server.url for server in setting.servers}
    assert len(setting.fakes[1].drawn) > 5


def test_one_of_two_servers_that_goes_away_for_good_is_left_out(setting: Setting) -> None:
    setting.serve()
    gone = setting.serve()
    paint, count = gone.paint, [0]

    def painted(scene: Scene) -> Image:
        count[0] += 1
        if count[0] == 4:
            threading.Thread(target=setting.servers[1].stop).start()
        return paint(scene)  # type: ignore[no-any-return]

    gone.paint = painted
    callback = RecordingCallback()
    outcomes = run(setting.study(seeds=[7, 8]).open(), callback=callback)
    assert all(outcome.pick for outcome in outcomes)
    assert [text for text in callback.messages() if "going on without a server" in text and setting.servers[1].url in text]


def test_a_changed_setting_stops_the_next_run(setting: Setting) -> None:
    served = setting.study()
    run(served.open(), trials=5)
    setting.fakes[0].paint = lambda scene: ImageChops.invert(painted_scene(scene))
    before = len(setting.drawn)
    with pytest.raises(DriftError, match="draws the start image otherwise than before"):
        run(served.open())
    assert len(setting.drawn) == before + 1


def test_drift_within_a_run_loses_no_more_than_what_was_drawn_since_the_last_check(setting: Setting) -> None:
    fake = setting.serve()
    undisturbed = run(setting.study("undisturbed").open())
    first = len(setting.drawn)

    def drifting(scene: Scene) -> Image:
        image = painted_scene(scene)
        return image if len(setting.drawn) < first + 18 else ImageChops.add(image, Images.new("RGB", image.size, (0, 0, 9)))

    fake.paint = drifting
    served = setting.study()
    with pytest.raises(DriftError, match="images since the last check are set aside"):
        run(served.open())
    fake.paint = painted_scene
    assert points(run(served.open())) == points(undisturbed)


def test_a_lora_that_does_nothing(setting: Setting) -> None:
    setting.serve(**{"dead" if setting.program == "comfyui" else "ignored": frozenset({"shoes"})})
    with pytest.raises(InputError, match="same picture with and without shoes, and calls it a success"):
        run(setting.study().open())
    assert len(setting.drawn) == 4


def test_a_fixed_lora_is_proven_to_act_too(setting: Setting) -> None:
    setting.serve()
    served = setting.study()
    text = (served.folder / "study.yaml").read_text()
    (served.folder / "study.yaml").write_text(
        text.replace("  shoes:\n", "  shoes:\n    fixed: 0.5\n").replace("  require:\n    dress: 0.4\n    shoes: 0.4\n", "")
    )
    study = served.open()
    assert study.backend.seconds_per_image() > 0
    assert [dict(scene.loras).get("shoes", 0) for scene in setting.drawn] == [0.5, 0.5, 0.0]


@pytest.mark.parametrize("setting", ["comfyui"], indirect=True)
def test_another_version_within_a_run_is_refused(setting: Setting) -> None:
    fake = setting.serve()
    back = setting.kill(fake, 9)
    paint = fake.paint

    def painted(scene: Scene) -> Image:
        image = paint(scene)
        fake.version = "0.3.65" if len(fake.drawn) >= 8 else "0.3.64"
        return image  # type: ignore[no-any-return]

    fake.paint = painted
    with pytest.raises(InputError, match=r"version was 0\.3\.64 and is 0\.3\.65"):
        run(setting.study().open())
    assert back.wait(20)


def test_where_no_server_answers_one_line_says_so_at_once(setting: Setting) -> None:
    draw = {**setting_draw(setting.program), "url": f"http://127.0.0.1:{free_port()}"}
    with pytest.raises(InputError, match="no server answers"):
        run(setting.study(draw=draw).open())


def test_another_program_is_named(setting: Setting) -> None:
    other: Any = FakeWebui() if setting.program == "comfyui" else FakeComfyUI()
    server = Serving(other.app())
    server.start()
    setting.servers.append(server)
    with pytest.raises(InputError, match=r"draw\.url"):
        run(setting.study().open())


def test_a_password_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    setting = Setting("webui", tmp_path)
    setting.serve(user="me:secret")
    try:
        with pytest.raises(InputError, match="HUANHUA_DRAW_USER") as raised:
            run(setting.study().open())
        assert "secret" not in str(raised.value)
        monkeypatch.setenv("HUANHUA_DRAW_USER", "me")
        monkeypatch.setenv("HUANHUA_DRAW_PASSWORD", "secret")
        run(setting.study("known").open(), trials=4)
        written = [file for file in tmp_path.rglob("*") if file.is_file() and b"secret" in file.read_bytes()]
        assert written == []
    finally:
        setting.close()


def setting_draw(program: str) -> dict[str, Any]:
    return {"with": program, **({"workflow": "mine_api.json"} if program == "comfyui" else {})}


def test_seeds_of_64_bits_are_drawn_where_the_program_has_them(setting: Setting) -> None:
    seed = 2**63 + 11
    study = setting.study(seeds=[seed])
    if setting.program == "webui":
        with pytest.raises(InputError, match=f"seeds names {seed}; .* draws 0 to 4294967295"):
            study.open()
        return
    (outcome,) = run(study.open(), trials=4)
    assert outcome.seed == seed
    assert {scene.seed for scene in setting.drawn} == {seed}
    assert points(run(study.open(), trials=4)) == points([outcome])
