"""Jobs to images and observations: each looked at once, failures recorded, batches in order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from optimizer.evaluate.evaluation_cache import EvaluationCache
from optimizer.evaluate.image_cache import ImageCache
from optimizer.evaluate.local_evaluator import LocalEvaluator
from optimizer.point import Job, Point
from optimizer.testing.fake_renderer import FakeRenderer
from scorers.observe.observation import Observation
from scorers.score.body import body_violations
from scorers.testing.fake_observer import Shown, observation_of


class Looker:
    """Sees a sound figure in every image, and counts the looks."""

    def __init__(self) -> None:
        self.looks: list[int] = []

    def observe(self, images: Sequence[Image.Image]) -> list[Observation]:
        self.looks.append(len(images))
        return [observation_of(Shown()) for _ in images]


def evaluator(folder: Path, renderer: FakeRenderer, looker: Looker) -> LocalEvaluator:
    return LocalEvaluator(renderer, EvaluationCache(ImageCache(folder, renderer.identity()), "0123456789abcdef"), looker)


def jobs(*seeds: int) -> list[Job]:
    return [Job(seed, Point({"a": 0.5}, 5.0)) for seed in seeds]


def test_nothing_is_looked_at_twice(tmp_path: Path) -> None:
    looker = Looker()
    first = evaluator(tmp_path, FakeRenderer(), looker).evaluate(1, Point({"a": 0.5}, 5.0))
    again = evaluator(tmp_path, FakeRenderer(), looker).evaluate(1, Point({"a": 0.5}, 5.0))
    assert again == first
    assert looker.looks == [1]


def test_many_are_drawn_and_looked_at_as_many_at_a_time_as_is_best(tmp_path: Path) -> None:
    looker = Looker()
    found = list(evaluator(tmp_path, FakeRenderer(most=3), looker).evaluate_all(jobs(*range(7))))
    assert [evaluation.seed for evaluation in found] == list(range(7))
    assert looker.looks == [3, 3, 1]


def test_a_killed_batch_is_not_drawn_again_where_it_was_done(tmp_path: Path) -> None:
    renderer = FakeRenderer(most=3)
    found = evaluator(tmp_path, renderer, Looker()).evaluate_all(jobs(*range(6)))
    next(found)
    list(evaluator(tmp_path, renderer, Looker()).evaluate_all(jobs(*range(6))))
    assert [seed for seed, _ in renderer.calls] == list(range(6))


def test_an_image_that_is_none_is_recorded_as_failed_beside_the_others(tmp_path: Path) -> None:
    looker = Looker()
    renderer = FakeRenderer(most=3, fails=frozenset([2]))
    for _ in range(2):
        found = list(evaluator(tmp_path, renderer, looker).evaluate_all(jobs(1, 2, 3)))
        assert [evaluation.observation.failed for evaluation in found] == ["", "the fake was told to fail", ""]
    assert looker.looks == [2]
    assert body_violations(found[1].observation, found[0].observation) == ["the fake was told to fail"]
