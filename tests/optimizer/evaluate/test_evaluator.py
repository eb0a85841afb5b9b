"""The evaluator suite on the local evaluator, and what it does in which order: batches, failures, kills, evicted images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from PIL import Image

from optimizer.evaluate.base import Evaluator
from optimizer.evaluate.evaluation_cache import EvaluationCache
from optimizer.evaluate.image_cache import ImageCache
from optimizer.evaluate.local_evaluator import LocalEvaluator
from optimizer.point import Job, Point
from optimizer.testing.evaluator_conformance import EvaluatorSuite
from optimizer.testing.fake_renderer import FakeRenderer
from scorers.observe.observation import Observation
from scorers.score.body import body_faults
from scorers.testing.fake_observer import FakeObserver, Shown, observation_of


class Watcher(FakeObserver):
    """Observes a sound figure in every image, and records how many it was shown at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def observe(self, images: Sequence[Image.Image]) -> list[Observation]:
        self.batches.append(len(images))
        return [observation_of(Shown()) for _ in images]


def evaluator(folder: Path, renderer: FakeRenderer, watcher: Watcher, observer_id: str = "0123456789abcdef") -> LocalEvaluator:
    return LocalEvaluator(renderer, EvaluationCache(ImageCache(folder, renderer.identity()), observer_id), watcher)


def jobs(*seeds: int) -> list[Job]:
    return [Job(seed, Point({"a": 0.5}, 5.0)) for seed in seeds]


class TestLocalEvaluator(EvaluatorSuite):
    @pytest.fixture(params=[1, 2, 8])
    def reopen(self, request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Evaluator]:
        return lambda: evaluator(tmp_path / "images", FakeRenderer(most=request.param), Watcher())

    @pytest.fixture
    def jobs(self) -> list[Job]:
        return [Job(seed, Point({"a": 0.1 * seed}, 5.0)) for seed in range(1, 6)]


def test_nothing_is_drawn_or_observed_twice(tmp_path: Path) -> None:
    renderer, watcher = FakeRenderer(), Watcher()
    first = evaluator(tmp_path, renderer, watcher).evaluate(1, Point({"a": 0.5}, 5.0))
    again = evaluator(tmp_path, renderer, watcher).evaluate(1, Point({"a": 0.5, "b": 0.0}, 5.0))
    assert again.observation == first.observation
    assert again.image == first.image
    assert len(renderer.calls) == 1
    assert watcher.batches == [1]


def test_many_are_drawn_and_observed_in_batches_of_the_renderers_size(tmp_path: Path) -> None:
    watcher = Watcher()
    found = list(evaluator(tmp_path, FakeRenderer(most=3), watcher).evaluate_all(jobs(*range(7))))
    assert [evaluation.seed for evaluation in found] == list(range(7))
    assert watcher.batches == [3, 3, 1]


def test_a_killed_batch_is_not_drawn_again_where_it_was_done(tmp_path: Path) -> None:
    renderer = FakeRenderer(most=3)
    found = evaluator(tmp_path, renderer, Watcher()).evaluate_all(jobs(*range(6)))
    next(found)
    list(evaluator(tmp_path, renderer, Watcher()).evaluate_all(jobs(*range(6))))
    assert [seed for seed, _ in renderer.calls] == list(range(6))


def test_only_what_is_missing_is_drawn_and_all_comes_in_order(tmp_path: Path) -> None:
    renderer = FakeRenderer(most=4)
    local = evaluator(tmp_path, renderer, Watcher())
    points = [Point({"a": level}, 5.0) for level in (0.1, 0.9, 0.5)]
    local.evaluate(1, points[1])
    found = [evaluation.image for evaluation in local.evaluate_all([Job(1, point) for point in points])]
    assert [red(image) for image in found] == [26, 230, 128]
    assert [point.weights["a"] for _, point in renderer.calls] == [0.9, 0.1, 0.5]


def red(place: Path) -> int:
    with Image.open(place) as image:
        pixel = image.convert("RGB").getpixel((0, 0))
    assert isinstance(pixel, tuple)
    return int(pixel[0])


def test_an_image_drawn_in_a_batch_is_drawn_anew_where_it_is_asked_for_alone(tmp_path: Path) -> None:
    renderer = FakeRenderer(most=2)
    local = evaluator(tmp_path, renderer, Watcher())
    together = [evaluation.image for evaluation in local.evaluate_all(jobs(1, 2))]
    alone = [local.evaluate(job.seed, job.point).image for job in jobs(1, 2)]
    assert not set(together) & set(alone)
    assert [evaluation.image for evaluation in local.evaluate_all(jobs(1, 2))] == alone
    assert len(renderer.calls) == 4


def test_an_image_that_was_not_drawn_is_recorded_with_its_reason_and_the_others_are_observed(tmp_path: Path) -> None:
    watcher = Watcher()
    renderer = FakeRenderer(most=3, fails=frozenset([2]))
    for _ in range(2):
        found = list(evaluator(tmp_path, renderer, watcher).evaluate_all(jobs(1, 2, 3)))
        assert [evaluation.observation.failed for evaluation in found] == ["", "this seed fails", ""]
    assert watcher.batches == [2]
    assert len(renderer.calls) == 3
    assert body_faults(found[1].observation, found[0].observation) == ["this seed fails"]


def test_a_black_image_is_an_image(tmp_path: Path) -> None:
    found = evaluator(tmp_path, FakeRenderer(), Watcher()).evaluate(1, Point({"a": 0.0}, 5.0))
    assert not found.observation.failed
    assert red(found.image) == 0


def test_another_observer_observes_stored_images_anew_and_draws_none(tmp_path: Path) -> None:
    renderer, watcher = FakeRenderer(), Watcher()
    evaluator(tmp_path, renderer, Watcher()).evaluate(1, Point({"a": 0.5}, 5.0))
    other = evaluator(tmp_path, renderer, watcher, "another")
    assert other.load(jobs(1)[0], alone=True) == other.evaluate(1, Point({"a": 0.5}, 5.0))
    assert len(renderer.calls) == 1
    assert watcher.batches == [1]


def test_an_image_that_another_process_removed_meanwhile_is_drawn_again(tmp_path: Path) -> None:
    renderer = FakeRenderer()
    local = evaluator(tmp_path, renderer, Watcher())
    first = local.evaluate(1, Point({"a": 0.5}, 5.0))
    first.image.unlink()
    local.cache.images.find = lambda job, *, alone: first.image  # type: ignore[method-assign]  # seen just before it was removed
    for observation in tmp_path.glob("*.json"):
        observation.unlink()
    again = local.evaluate(1, Point({"a": 0.5}, 5.0))
    assert again.image == first.image
    assert again.image.exists()
    assert len(renderer.calls) == 2
