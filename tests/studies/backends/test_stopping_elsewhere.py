"""A run whose images are drawn elsewhere, by servers or by workers of a cluster, ends with what it has when it is stopped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from optimizer.evaluate.image_cache import as_png
from optimizer.evaluate.observe import observe
from optimizer.evaluate.ray_pool import Hello
from optimizer.point import Job
from optimizer.search.stopping import Ended
from optimizer.testing.fake_remote_renderer import FakeServer
from scorers.testing.fake_observer import FakeObserver
from studies.backends.ray import RayBackend
from studies.pipeline import run_study
from studies.run.outcome import Outcome
from studies.run.shared_storage.stop_requests import ask_to_stop
from studies.run.stored_results import stored
from studies.study import Study
from studies.testing.lab_study import seen, study_in
from studies.testing.painting_renderer import Painter
from studies.testing.recording_callback import RecordingCallback
from studies.tracking.memory import MemoryTracker
from tests.studies.backends.test_remote import Studio, paint


@dataclass
class FakePool:
    """A Pool of Ray workers in this process, which answer last what they were asked first."""

    painter: Painter = field(default_factory=Painter)
    drawn: list[Job] = field(default_factory=list)

    @property
    def hello(self) -> Hello:
        return Hello(self.painter.identity(), 1, 0.1)

    def __len__(self) -> int:
        return 2

    def draw(self, tasks: Mapping[int, Sequence[Job]]) -> Iterator[tuple[int, list[tuple[bytes, dict[str, Any]]]]]:
        for key, jobs in reversed(list(tasks.items())):
            self.drawn += jobs
            images = self.painter.render(jobs)
            observations = observe(FakeObserver(seen), images)
            yield key, [(as_png(image), found.to_json()) for image, found in zip(images, observations, strict=True)]


def stopped(study: Study, monkeypatch: pytest.MonkeyPatch, when: str = "log_trial") -> tuple[list[Outcome], list[str]]:
    """A run of seeds 7 and 8 that is asked to stop, as `huanhua stop` asks, when its tracker is first called so."""
    tracker, callback, asked = MemoryTracker(), RecordingCallback(), list[object]()

    def stop(*args: object, **kwargs: object) -> None:
        if not asked:
            asked.append(ask_to_stop(study.storage_url, study.spec.name, None))

    monkeypatch.setattr(tracker, when, stop)
    return run_study(study, [7, 8], trials=12, tracker=tracker, callback=callback), callback.messages()


def on_workers(folder: Path, pool: FakePool) -> Study:
    study = study_in(folder)
    return study.on(RayBackend(pool, study.backend))  # type: ignore[arg-type]


@pytest.mark.parametrize("servers", [1, 2])
def test_what_servers_draw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, servers: int) -> None:
    studio = Studio(tmp_path, [FakeServer(paint=paint) for _ in range(servers)])
    outcomes, messages = stopped(studio.open(), monkeypatch)
    assert [(outcome.seed, outcome.ended) for outcome in outcomes] == [(seed, Ended.STOPPED) for seed in (7, 8)[:servers]]
    assert [len(outcome.trials) for outcome in outcomes] == [1] * servers
    assert any("not begun" in text for text in messages) == (servers == 1)
    drawn = len(studio.drawn)
    assert stored(studio.open(), 7).outcome.ended is Ended.STOPPED
    assert len(studio.drawn) == drawn
    (whole,) = run_study(studio.open(), [7], trials=12, tracker=MemoryTracker())
    assert whole.trials[0].judged.point == outcomes[0].trials[0].judged.point


def test_what_workers_of_a_cluster_draw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = FakePool()
    outcomes, _ = stopped(on_workers(tmp_path, pool), monkeypatch)
    assert [(outcome.seed, outcome.ended, len(outcome.trials)) for outcome in outcomes] == [
        (7, Ended.STOPPED, 1),
        (8, Ended.STOPPED, 1),
    ]
    assert len([*(tmp_path / "workspace" / "images").glob("*.png")]) == len(pool.drawn), "all that was drawn is kept"


def test_a_seed_that_is_not_calibrated_yet_is_not_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = FakePool()
    outcomes, messages = stopped(on_workers(tmp_path, pool), monkeypatch, "log_text")
    assert [(outcome.seed, outcome.ended) for outcome in outcomes] == [(7, Ended.STOPPED)]
    assert "not begun, since the run was stopped: seed 8" in messages
    assert {job.seed for job in pool.drawn} == {7}
