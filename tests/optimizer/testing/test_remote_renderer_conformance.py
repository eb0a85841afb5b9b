"""The suite of renderers over a server, on the server in memory."""

from __future__ import annotations

import pytest
from PIL.Image import Image

from optimizer.point import Job, Point
from optimizer.render.remote.base import DrawingCancelledError
from optimizer.testing.fake_remote_renderer import FakeRemoteRenderer, FakeServer
from optimizer.testing.fake_server.scene import Scene, flat
from optimizer.testing.remote_renderer_conformance import RemoteRendererSuite

JOBS = [Job(7, Point({"dress": 0.2, "shoes": 0.1}, 5.0)), Job(8, Point({"dress": 1.0, "shoes": 0.1}, 5.0))]
FIXED = {"style": 0.5}


class TestFakeRemoteRenderer(RemoteRendererSuite):
    @pytest.fixture
    def server(self) -> FakeServer:
        return FakeServer(("dress", "shoes", "style"))

    @pytest.fixture
    def renderer(self, server: FakeServer) -> FakeRemoteRenderer:
        return FakeRemoteRenderer(server, FIXED)

    @pytest.fixture
    def twin(self, server: FakeServer) -> FakeRemoteRenderer:
        return FakeRemoteRenderer(server, FIXED)

    @pytest.fixture
    def jobs(self) -> list[Job]:
        return [*JOBS, Job(7, Point({"dress": 0.0, "shoes": 0.6}, 2.0))]


def test_the_server_in_memory_keeps_results_and_draws_anew_when_asked() -> None:
    renderer = FakeRemoteRenderer()
    for afresh in (False, False, True):
        renderer.draw(JOBS[0], {"dress": 0.2}, afresh=afresh)
    assert len(renderer.server.drawn) == 2


def test_a_dead_lora_changes_nothing_and_a_cancelled_drawing_ends() -> None:
    renderer = FakeRemoteRenderer(FakeServer(dead=frozenset({"dress"})))
    assert renderer.draw(JOBS[0], {"dress": 0.2}) == renderer.draw(JOBS[0], {"dress": 0.9})

    def cancelled_meanwhile(scene: Scene) -> Image:
        renderer.cancel()
        return flat(scene)

    renderer.server.paint = cancelled_meanwhile
    with pytest.raises(DrawingCancelledError):
        renderer.draw(JOBS[1], {})
