"""The checks that a drawing server is held to: the canary, LoRAs that act, and the identity."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PIL import Image, ImageChops

from models.errors import InputError
from optimizer.point import Job, Point
from optimizer.render.decode import NotDrawn
from optimizer.render.remote.acting import StudyWeights
from optimizer.render.remote.base import DrawingCancelledError
from optimizer.render.remote.difference import Difference, Tolerance, difference
from optimizer.render.remote.watched import EVERY, Checks, DriftError, WatchedRenderer
from optimizer.testing.fake_drawn_memory import FakeDrawnMemory
from optimizer.testing.fake_remote_renderer import FakeRemoteRenderer, FakeServer
from optimizer.testing.fake_server.scene import Scene, flat

START = Job(7, Point({"dress": 0.4, "shoes": 0.6}, 5.0))
TOP = {"dress": 1.0, "shoes": 1.0}


def watched(server: FakeServer, memory: FakeDrawnMemory | None = None, **changes: object) -> WatchedRenderer:
    weights = replace(StudyWeights(START, TOP), **changes)  # type: ignore[arg-type]
    remote = FakeRemoteRenderer(server, weights.fixed)
    return WatchedRenderer(remote, "http://here", Checks(weights, memory or FakeDrawnMemory()))


def job(seed: int, dress: float = 0.2) -> Job:
    return Job(seed, Point({"dress": dress, "shoes": 0.6}, 5.0))


def brighter(server: FakeServer, by: int) -> None:
    server.paint = lambda scene: ImageChops.add(flat(scene), Image.new("RGB", (scene.width, scene.height), (by, by, by)))


class TestDifference:
    def test_equal_pictures_do_not_differ(self) -> None:
        image = Image.new("RGB", (40, 24), (9, 9, 9))
        assert difference(image, image.copy()) == Difference(0, 0)
        assert Tolerance(0).allows(difference(image, image.copy()))

    def test_a_small_place_shows_in_its_block(self) -> None:
        one, other = Image.new("RGB", (160, 160)), Image.new("RGB", (160, 160))
        other.paste((30, 30, 30), (16, 32, 32, 48))
        found = difference(one, other)
        assert found == pytest.approx((0.3, 30))
        assert not Tolerance().allows(found)
        assert Tolerance(4).allows(found)

    def test_blocks_at_the_edges_are_averaged_over_what_they_have(self) -> None:
        one, other = Image.new("RGB", (17, 18)), Image.new("RGB", (17, 18))
        other.putpixel((16, 17), (60, 60, 60))
        assert difference(one, other).block == pytest.approx(30)

    def test_a_picture_that_is_none_differs_from_one_that_is(self) -> None:
        image, none = Image.new("RGB", (8, 8)), NotDrawn("black")
        assert difference(none, NotDrawn("NaN")).mean == 0
        assert difference(none, image) == difference(image, none) == difference(image, image.resize((9, 8))) == (255, 255)


class TestCanary:
    def test_a_fresh_study_draws_each_point_once(self) -> None:
        server = FakeServer()
        renderer = watched(server)
        renderer.render([START, job(7, 0.0), job(8)])
        assert len(server.drawn) == 4, "the start, it without each LoRA, of which one was asked for, and one more"

    def test_a_second_run_draws_the_start_again_and_afresh(self) -> None:
        server, memory = FakeServer(), FakeDrawnMemory()
        watched(server, memory).render([job(8)])
        drawn = len(server.drawn)
        watched(server, memory).render([job(9)])
        assert [scene.seed for scene in server.drawn[drawn:]] == [7, 9]

    def test_it_is_drawn_again_after_every_20th_image(self) -> None:
        server = FakeServer()
        renderer = watched(server)
        renderer.render([job(seed) for seed in range(100, 100 + 2 * EVERY + 1)])
        starts = [index for index, scene in enumerate(server.drawn) if scene.loras == START.point.weights]
        assert starts == [0, 3 + EVERY, 4 + 2 * EVERY]

    def test_a_changed_setting_stops_the_run_before_its_first_image(self) -> None:
        server, memory = FakeServer(), FakeDrawnMemory()
        watched(server, memory).render([job(8)])
        brighter(server, 2)
        drawn = len(server.drawn)
        with pytest.raises(
            DriftError, match=r"otherwise than before: 2\.00 of 255 .* 0\.5 and 4 are allowed; a setting was changed"
        ):
            watched(server, memory).render([job(9)])
        assert len(server.drawn) == drawn + 1
        assert memory.find(START) is not None

    def test_what_was_drawn_since_the_last_check_is_set_aside(self) -> None:
        server, memory = FakeServer(), FakeDrawnMemory()
        renderer = watched(server, memory)
        jobs = [job(seed) for seed in range(100, 100 + 2 * EVERY + 1)]
        for one in jobs[: EVERY + 3]:
            memory.keep(one, renderer.render([one])[0])
        brighter(server, 1)

        def draw_the_rest() -> None:
            for one in jobs[EVERY + 3 :]:
                memory.keep(one, renderer.render([one])[0])

        with pytest.raises(DriftError, match="the 20 images since the last check are set aside") as raised:
            draw_the_rest()
        assert len(raised.value.names) == EVERY
        assert [memory.find(one) is None for one in jobs] == [False] * EVERY + [True] * (EVERY + 1)

    def test_within_the_tolerance_it_goes_on_and_the_first_image_stays_the_measure(self) -> None:
        server, memory = FakeServer(), FakeDrawnMemory()
        watched(server, memory).render([job(8)])
        first = memory.canary()
        weights = StudyWeights(START, TOP)
        brighter(server, 2)
        renderer = WatchedRenderer(FakeRemoteRenderer(server), "http://here", Checks(weights, memory, Tolerance(2)))
        renderer.render([job(9)])
        assert memory.canary() is first

    def test_a_start_image_that_is_none_is_named(self) -> None:
        with pytest.raises(InputError, match="the start image cannot be drawn: the server's picture is black"):
            watched(FakeServer(fails=frozenset({7}))).render([job(8)])

    def test_measuring_the_time_draws_nothing_that_is_drawn_again(self) -> None:
        server = FakeServer()
        renderer = watched(server)
        renderer.seconds_per_image()
        drawn = len(server.drawn)
        renderer.render([START])
        assert len(server.drawn) == drawn == 3


class TestActing:
    def test_a_lora_that_does_nothing_is_named(self) -> None:
        server = FakeServer(dead=frozenset({"shoes"}))
        with pytest.raises(
            InputError, match=r"same picture with and without shoes, .* success; its layers .*: shoes\.safetensors;"
        ):
            watched(server).render([job(8)])
        assert len(server.drawn) == 4, "shoes are tried at their greatest weight too"

    def test_so_is_a_fixed_one_and_both_stand_in_one_line(self) -> None:
        server = FakeServer(("dress", "shoes", "style"), dead=frozenset({"shoes", "style"}))
        with pytest.raises(InputError, match="without shoes and style"):
            watched(server, fixed={"style": 0.5}).render([job(8)])

    def test_it_is_proven_once(self) -> None:
        server, memory = FakeServer(("dress", "shoes", "style")), FakeDrawnMemory()
        watched(server, memory, fixed={"style": 0.5}).render([job(8)])
        assert set(memory.acts) == {"dress", "shoes", "style"}
        drawn = len(server.drawn)
        watched(server, memory, fixed={"style": 0.5}).render([job(9)])
        assert len(server.drawn) == drawn + 2

    def test_what_was_proven_before_a_stop_is_not_tried_again(self) -> None:
        server, memory = FakeServer(dead=frozenset({"shoes"})), FakeDrawnMemory()
        for _ in range(2):
            with pytest.raises(InputError):
                watched(server, memory).render([job(8)])
        assert set(memory.acts) == {"dress"}
        assert len(server.drawn) == 4 + 1

    def test_one_that_starts_at_0_is_tried_at_its_greatest_weight(self) -> None:
        server, memory = FakeServer(), FakeDrawnMemory()
        start = Job(7, Point({"dress": 0.0, "shoes": 0.6}, 5.0))
        watched(server, memory, start=start).render([job(8)])
        assert {scene.loras["dress"] for scene in server.drawn} == {0.0, 1.0, 0.2}
        assert memory.acts["dress"] > 60

    def test_one_that_is_fixed_at_0_need_not_act(self) -> None:
        server = FakeServer(("dress", "shoes", "style"), dead=frozenset({"style"}))
        watched(server, fixed={"style": 0.0}).render([job(8)])

    def test_a_fixed_one_left_out_is_no_image_of_the_study(self) -> None:
        server, memory = FakeServer(("dress", "shoes", "style")), FakeDrawnMemory()
        watched(server, memory, fixed={"style": 0.5}).render([START])
        kept = memory.find(START)
        assert isinstance(kept, Image.Image)
        style = FakeRemoteRenderer(server).draw(START, {**START.point.weights, "style": 0.5})
        assert difference(kept, style) == (0, 0)
        assert len(memory.images) == 3


class TestInterruptions:
    def restarted(self, server: FakeServer, version: str) -> None:
        """In the middle of the next image but the start."""

        def painted(scene: Scene) -> Image.Image:
            if scene.seed == 9 and server.version != version:
                server.version, server.restarts = version, server.restarts + 1
            return flat(scene)

        server.paint = painted

    def test_the_same_server_goes_on_after_another_look_at_the_start(self) -> None:
        server = FakeServer()
        renderer = watched(server)
        renderer.render([job(8)])
        server.restarts += 1
        drawn = len(server.drawn)
        renderer.render([job(9), job(10)])
        assert [scene.seed for scene in server.drawn[drawn:]] == [9, 7, 10]

    def test_another_version_is_refused_and_its_image_not_taken(self) -> None:
        server = FakeServer()
        renderer = watched(server)
        renderer.render([job(8)])
        self.restarted(server, "2")
        with pytest.raises(InputError, match=r"started again as another one \(version was 1 and is 2\)"):
            renderer.render([job(9)])

    def test_so_are_another_checkpoint_and_another_lora(self) -> None:
        server = FakeServer()
        renderer = watched(server)
        renderer.render([job(8)])
        server.checkpoint_hash, server.restarts = "ffff", 1
        with pytest.raises(InputError, match="checkpoint's hash was 0123456789ab and is ffff"):
            renderer.render([job(9)])


def test_a_cancelled_renderer_begins_nothing_until_it_is_resumed() -> None:
    server = FakeServer()
    renderer = watched(server)
    renderer.render([job(8)])
    renderer.cancel()
    drawn = len(server.drawn)
    with pytest.raises(DrawingCancelledError):
        renderer.render([job(9)])
    assert len(server.drawn) == drawn
    renderer.resume()
    assert renderer.render([job(9)])


def test_two_servers_are_held_to_one_start_image() -> None:
    memory, weights = FakeDrawnMemory(), StudyWeights(START, TOP)
    one, other = FakeServer(), FakeServer()
    checks = Checks(weights, memory)
    WatchedRenderer(FakeRemoteRenderer(one), "http://one", checks).render([job(8)])
    WatchedRenderer(FakeRemoteRenderer(other), "http://other", checks).render([job(9)])
    assert [scene.seed for scene in other.drawn] == [7, 9], "what the first one proved need not be proven again"
    brighter(third := FakeServer(), 9)
    with pytest.raises(DriftError, match="http://third"):
        WatchedRenderer(FakeRemoteRenderer(third), "http://third", checks).render([job(10)])


class TestFiles:
    def test_each_file_of_a_lora_is_proven_to_act(self) -> None:
        """The start image by another file of the dress, next to the one without the dress."""
        loras, top = ("dress", "dress@dress-1", "shoes"), {**TOP, "dress@dress-1": 1.0}
        server, memory = FakeServer(loras=loras), FakeDrawnMemory()
        watched(server, memory, top=top).begin()
        assert set(memory.acts) == set(loras)
        assert {scene.loras["dress@dress-1"]: scene.loras["dress"] for scene in server.drawn}[0.4] == 0.0
        with pytest.raises(InputError, match="with and without dress@dress-1, and calls it a success"):
            watched(FakeServer(loras=loras, dead=frozenset({"dress@dress-1"})), top=top).begin()
