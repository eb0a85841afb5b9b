"""Whole studies on a local Ray cluster, drawn by fakes: the same pick as without it, whatever happens to workers."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from models.errors import InputError
from optimizer.evaluate.base import Evaluator
from optimizer.evaluate.evaluation_cache import EvaluationCache
from optimizer.evaluate.image_cache import ImageCache
from optimizer.evaluate.ray_evaluator import RayEvaluator
from optimizer.evaluate.ray_pool import Pool, connect
from optimizer.point import Job, Point
from optimizer.render.base import Renderer
from optimizer.render.decode import NotDrawn
from optimizer.testing.evaluator_conformance import EvaluatorSuite
from optimizer.testing.renderer_conformance import RendererSuite
from scorers.testing.fake_observer import FakeObserver
from studies.backends.ray import RayBackend, on_ray
from studies.model_facts import facts_source, stored_facts
from studies.pipeline import run_seeds_together
from studies.run.calibration import calibrate
from studies.run.seed_search import run_seeds, search_seed
from studies.study import Study
from studies.testing.backend_suite import BackendSuite
from studies.testing.free_lease import FreeLease
from studies.testing.lab_study import run, seen, study_in
from studies.testing.painting_renderer import Painter
from studies.testing.recording_callback import RecordingCallback
from studies.tracking.memory import MemoryTracker

pytest.importorskip("ray", reason="Ray is not installed: pip install 'huanhua[ray]'")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # Ray leaves the logs of what it starts open
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Slow(Painter):
    """Takes a while, so that a worker can be killed while it draws; `broken` is a seed that cannot be drawn."""

    pause_s: float = 0.0
    broken: int | None = None
    kind: str = "one"

    def render(self, jobs: Sequence[Job]) -> list[Image.Image | NotDrawn]:
        time.sleep(self.pause_s)
        if any(job.seed == self.broken for job in jobs):
            raise InputError("this seed is broken", "render", "take another")
        return super().render(jobs)


def parts(**settings: Any) -> tuple[Slow, FakeObserver]:
    return Slow(**settings), FakeObserver(seen)


def evaluator_of(study: Any) -> RayEvaluator:
    found = study.evaluator
    assert isinstance(found, RayEvaluator)
    return found


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Any]:
    """A study on two workers."""
    with on_ray(study_in(tmp_path), "local", 2, partial(parts)) as study:
        yield study


def test_two_seeds_at_once_find_what_they_find_here(cluster: Any, tmp_path: Path) -> None:
    judges = {seed: calibrate(cluster, seed).judge for seed in (7, 8)}
    tracker = MemoryTracker()
    searches = {
        seed: search_seed(cluster, seed, judge=judge, budget=10, tracker=tracker, on_trial=lambda event: None)
        for seed, judge in judges.items()
    }
    found = run_seeds(cluster, searches)
    alone = study_in(tmp_path / "alone")
    for seed in (7, 8):
        here = run(alone, seed=seed, budget=10)
        assert [t.judged for t in found[seed].trials] == [t.judged for t in here.trials]
        assert found[seed].pick == here.pick
    assert len(tracker.trials) == 20
    assert evaluator_of(cluster).width() == 2


def test_the_callback_hears_of_all_seeds_while_they_are_run(cluster: Any) -> None:
    tracker, callback = MemoryTracker(), RecordingCallback()
    outcomes = run_seeds_together(cluster, [7, 8], 6, tracker, callback, FreeLease(), blurred=True)
    assert [outcome.seed for outcome in outcomes] == [7, 8]
    assert [sum(call[:2] == ("on_trial", seed) for call in callback.calls) for seed in (7, 8)] == [6, 6]
    assert sorted(tracker.trials) == [(seed, number) for seed in (7, 8) for number in range(6)]


def test_the_identity_of_the_workers_is_stored_for_later_verbs(cluster: Any) -> None:
    assert cluster.evaluator.identity() == Painter().identity()
    stored = stored_facts(cluster.workspace, facts_source(cluster.spec, cluster.root))
    assert stored is not None
    assert stored.identity == Painter().identity()


def test_many_come_in_their_order_and_none_is_drawn_twice(cluster: Any) -> None:
    jobs = [Job(seed, Point({"dress": seed / 10}, 5.0)) for seed in range(9)]
    found = list(cluster.evaluator.evaluate_all(jobs))
    assert [e.seed for e in found] == list(range(9))
    again = list(cluster.evaluator.evaluate_all(jobs))
    assert again == found
    assert len(list(cluster.workspace.images.glob("*.png"))) == 9


def test_killed_workers_come_back_and_the_pick_is_the_same(tmp_path: Path) -> None:
    with on_ray(study_in(tmp_path / "there"), "local", 2, partial(parts, pause_s=0.2)) as study:
        ended = threading.Event()
        killed: list[int] = []

        def kill() -> None:
            while len(killed) < 2 and not ended.wait(2.0):
                for pid in _workers()[:1]:
                    killed.append(pid)
                    os.kill(pid, signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            outcome = run(study, budget=10)
        finally:
            ended.set()
            killer.join()
    assert killed
    undisturbed = run(study_in(tmp_path / "here"), budget=10)
    assert [t.judged for t in outcome.trials] == [t.judged for t in undisturbed.trials]


def _workers() -> list[int]:
    import psutil

    below = psutil.Process().children(recursive=True)
    return [p.pid for p in below if p.is_running() and "ray::Worker" in " ".join(p.cmdline())]


def test_what_a_worker_refuses_is_refused_here(tmp_path: Path) -> None:
    with (
        on_ray(study_in(tmp_path), "local", 1, partial(parts, broken=3)) as study,
        pytest.raises(InputError, match="this seed is broken: render; take another"),
    ):
        study.evaluator.evaluate(3, Point({"dress": 0.5}, 5.0))


def _closed() -> tuple[Slow, FakeObserver]:
    raise InputError("no such base", "x.safetensors", "mend base.checkpoint")


def test_a_worker_that_cannot_open_the_models_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such base: x\.safetensors"), on_ray(study_in(tmp_path), "local", 1, _closed):
        pass


def test_no_cluster_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no Ray cluster answers"), on_ray(study_in(tmp_path), "127.0.0.1:1", 1, partial(parts)):
        pass


def test_a_cluster_without_a_gpu_is_refused_with_the_option_to_give(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--ray-workers"), on_ray(study_in(tmp_path), "local", None, partial(parts)):
        pass


@dataclass
class PoolRenderer:
    """A pool of workers as a renderer: no cache, and no observation is used."""

    pool: Pool

    def render(self, jobs: Sequence[Job]) -> list[Image.Image | NotDrawn]:
        answers = dict(self.pool.draw({key: [job] for key, job in enumerate(jobs)}))
        return [Image.open(BytesIO(png)).convert("RGB") for key in range(len(jobs)) for png, _ in answers[key]]

    def identity(self) -> Mapping[str, Any]:
        return self.pool.hello.identity

    def batch(self) -> int:
        return self.pool.hello.batch

    def seconds_per_image(self) -> float:
        return self.pool.hello.seconds


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """Two workers; `_importable` comes too late for a pool that outlives a test."""
    import ray

    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYTHONPATH", str(ROOT))
        connect("local", 2)
        opened = Pool(partial(parts), 2, gpu=False)
        try:
            yield opened
        finally:
            opened.close()
            ray.shutdown()


class TestPoolAsRenderer(RendererSuite):
    @pytest.fixture
    def renderer(self, pool: Pool) -> Renderer:
        return PoolRenderer(pool)

    @pytest.fixture
    def twin(self) -> Renderer:
        return Slow()

    @pytest.fixture
    def jobs(self) -> list[Job]:
        return [Job(7, Point({"dress": weight}, 5.0)) for weight in (0.2, 0.6, 1.0)]


class TestRayEvaluator(EvaluatorSuite):
    @pytest.fixture
    def reopen(self, pool: Pool, tmp_path: Path) -> Callable[[], Evaluator]:
        return lambda: RayEvaluator(pool, EvaluationCache(ImageCache(tmp_path / "images", pool.hello.identity), "fake"))

    @pytest.fixture
    def jobs(self) -> list[Job]:
        return [Job(7, Point({"dress": weight}, 5.0)) for weight in (0.2, 0.6, 1.0)]


class TestRayBackend(BackendSuite):
    @pytest.fixture
    def reopen(self, pool: Pool, tmp_path: Path) -> Callable[[], Study]:
        def reopened() -> Study:
            study = study_in(tmp_path)
            return study.on(RayBackend(pool, study.backend))

        return reopened
