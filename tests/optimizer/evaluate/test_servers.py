"""The evaluator suite over several servers, and what they do at the same time: share jobs, go away, are stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image

from models.errors import InputError
from optimizer.evaluate.base import Evaluator
from optimizer.evaluate.evaluation_cache import EvaluationCache
from optimizer.evaluate.image_cache import ImageCache
from optimizer.evaluate.local_evaluator import LocalEvaluator
from optimizer.evaluate.servers import Servers
from optimizer.evaluate.servers_evaluator import ServersEvaluator
from optimizer.point import Job, Point
from optimizer.render.decode import NotDrawn
from optimizer.render.remote.client import ServerAwayError
from optimizer.testing.evaluator_conformance import EvaluatorSuite
from optimizer.testing.fake_renderer import FakeRenderer
from scorers.testing.fake_observer import FakeObserver

LONG = 20.0
"""Seconds that a test waits before it fails."""


@dataclass
class FakeServer(FakeRenderer):
    """Waits, where `gate` is set, until it opens."""

    gate: threading.Event | None = None
    away: bool = False
    wrong: bool = False
    begun: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)

    def render(self, jobs: Sequence[Job]) -> list[Image.Image | NotDrawn]:
        self.begun.set()
        while self.gate is not None and not self.gate.wait(0.005):
            if self.cancelled.is_set():
                raise InputError("stopped", "server", "")
        if self.away:
            raise ServerAwayError("no server answers", "http://gone", "start it")
        if self.wrong:
            raise InputError("out of memory there", "http://wrong", "draw smaller pictures")
        return super().render(jobs)

    def cancel(self) -> None:
        self.cancelled.set()

    def resume(self) -> None:
        self.cancelled.clear()


def evaluator(folder: Path, *servers: FakeServer) -> ServersEvaluator:
    cache = EvaluationCache(ImageCache(folder, servers[0].identity()), "0123456789abcdef")
    opened = Servers(servers)
    return ServersEvaluator(LocalEvaluator(servers[0], cache, FakeObserver()), lambda: opened, len(servers))


def jobs(count: int) -> dict[int, Job]:
    return {seed: Job(seed, Point({"a": 0.1 * seed}, 5.0)) for seed in range(1, count + 1)}


class TestServersEvaluator(EvaluatorSuite):
    @pytest.fixture(params=[1, 2, 3])
    def reopen(self, request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Evaluator]:
        return lambda: evaluator(tmp_path / "images", *(FakeServer() for _ in range(request.param)))

    @pytest.fixture
    def jobs(self) -> list[Job]:
        return list(jobs(5).values())


def test_a_slow_server_keeps_no_other_from_drawing(tmp_path: Path) -> None:
    slow, fast = FakeServer(gate=threading.Event()), FakeServer()
    found = evaluator(tmp_path, slow, fast).evaluate_each(jobs(5))
    first = [next(found) for _ in range(4)]
    assert len(fast.calls) == 4
    assert slow.gate is not None
    slow.gate.set()
    assert {key for key, _ in [*first, *found]} == {1, 2, 3, 4, 5}
    assert len(slow.calls) == 1


def test_equal_jobs_are_drawn_once(tmp_path: Path) -> None:
    one, other = FakeServer(), FakeServer()
    same = {0: Job(7, Point({"a": 0.5}, 5.0)), 1: Job(7, Point({"a": 0.5, "b": 0.0}, 5.0))}
    found = dict(evaluator(tmp_path, one, other).evaluate_each(same))
    assert found[0].image == found[1].image
    assert found[1].point == same[1].point
    assert len(one.calls) + len(other.calls) == 1


def test_the_job_of_a_server_that_is_away_is_drawn_by_another(tmp_path: Path) -> None:
    gone, here = FakeServer(away=True), FakeServer()
    reasons: list[str] = []
    servers = Servers([gone, here], lambda error: reasons.append(str(error)))
    made = evaluator(tmp_path, gone, here)
    made.open = lambda: servers
    assert {key for key, _ in made.evaluate_each(jobs(4))} == {1, 2, 3, 4}
    assert list(made.evaluate_all([Job(9, Point({"a": 1}, 5.0))]))
    assert len(reasons) == 1
    assert not gone.calls


def test_where_all_are_away_the_run_ends(tmp_path: Path) -> None:
    with pytest.raises(ServerAwayError):
        list(evaluator(tmp_path, FakeServer(away=True), FakeServer(away=True)).evaluate_each(jobs(4)))


def test_an_error_of_one_server_stops_the_others_and_what_was_drawn_is_stored(tmp_path: Path) -> None:
    good, bad = FakeServer(), FakeServer(wrong=True, gate=threading.Event())
    made = evaluator(tmp_path, good, bad)
    found = made.evaluate_each(jobs(3))
    drawn = [next(found), next(found)]
    assert bad.gate is not None
    bad.gate.set()
    with pytest.raises(InputError, match="out of memory there"):
        next(found)
    assert [made.load(jobs(3)[key], alone=True) for key, _ in drawn] == [evaluation for _, evaluation in drawn]


def test_leaving_early_stops_what_is_drawn(tmp_path: Path) -> None:
    slow, fast = FakeServer(gate=threading.Event()), FakeServer()
    found = evaluator(tmp_path, slow, fast).evaluate_each(jobs(3))
    next(found)
    assert slow.begun.wait(LONG)
    found.close()  # type: ignore[attr-defined]
    assert not slow.calls
    assert not slow.cancelled.is_set(), "it may be asked again"
    assert threading.active_count() == 1 or all(not t.name.startswith("server") for t in threading.enumerate())


def test_ctrl_c_stops_what_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = FakeServer(gate=threading.Event()), FakeServer(gate=threading.Event())

    def interrupted(futures: object, return_when: str = "") -> None:
        if return_when == "FIRST_COMPLETED":
            raise KeyboardInterrupt
        wait(futures)  # type: ignore[arg-type]

    from concurrent.futures import wait

    monkeypatch.setattr("optimizer.evaluate.servers.wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(evaluator(tmp_path, *slow).evaluate_each(jobs(3)))
    assert not any(server.calls for server in slow)
