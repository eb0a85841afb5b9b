"""The evaluator suite on the evaluator of regions, whose seeds have masks of their own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import numpy as np
import pytest

from optimizer.evaluate.base import Evaluator
from optimizer.evaluate.regional_evaluator import RegionalEvaluator
from optimizer.point import Job, Point
from optimizer.regions.regions import Regions
from optimizer.testing.evaluator_conformance import EvaluatorSuite
from optimizer.testing.fake_renderer import FakeRenderer
from tests.optimizer.evaluate.test_evaluator import Watcher, evaluator


class Halves:
    """LoRA a acts in the upper part of the image, the less of it the higher the seed."""

    loras = frozenset({"a"})

    def __init__(self, *, known: bool = True) -> None:
        self.known = known

    def described(self) -> Mapping[str, str]:
        return {"a": "the upper part"}

    @property
    def worded(self) -> bool:
        return False

    def where(self, regions: Regions, on: Collection[str]) -> Regions | None:
        return regions.of(on)

    def find(self, seed: int) -> Regions | None:
        return self.of(seed) if self.known else None

    def of(self, seed: int) -> Regions:
        mask = np.zeros((96, 64), np.bool_)
        mask[: 60 - seed] = True
        self.known = True
        return Regions({"a": mask})


def regional(folder: Path, regions: Halves, fixed: frozenset[str] = frozenset()) -> RegionalEvaluator:
    return RegionalEvaluator(evaluator(folder, FakeRenderer(), Watcher()), regions, fixed)


class TestRegionalEvaluator(EvaluatorSuite):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Callable[[], Evaluator]:
        return lambda: regional(tmp_path / "images", Halves())

    @pytest.fixture
    def jobs(self) -> list[Job]:
        return [Job(seed, Point({"a": 0.1 * seed, "b": 0.3}, 5.0)) for seed in range(1, 6)]


JOB = Job(1, Point({"a": 0.5}, 5.0))


def test_an_image_in_regions_is_another_file_than_everywhere(tmp_path: Path) -> None:
    found = regional(tmp_path, Halves())
    assert found.place(JOB) != found.everywhere.place(JOB)
    assert found.identity() == {**found.everywhere.identity(), "regions": {"a": "the upper part"}}


def test_a_fixed_lora_acts_at_every_point(tmp_path: Path) -> None:
    point = Point({"b": 0.5}, 5.0)
    assert regional(tmp_path, Halves()).place(Job(1, point)) == regional(tmp_path, Halves()).everywhere.place(Job(1, point))
    assert regional(tmp_path, Halves(), frozenset({"a"})).place(Job(1, point)) != regional(tmp_path, Halves()).place(
        Job(1, point)
    )


def test_what_is_not_known_is_found_by_drawing_alone(tmp_path: Path) -> None:
    found = regional(tmp_path, Halves(known=False))
    assert found.find_image(JOB, alone=True) is None
    assert found.load(JOB, alone=True) is None
    unknown = found.place(JOB)
    drawn = found.evaluate(JOB.seed, JOB.point)
    assert found.place(JOB) == drawn.image != unknown
    assert not unknown.exists()


def test_a_copy_is_restored_to_the_place_of_its_regions(tmp_path: Path) -> None:
    found, copy = regional(tmp_path / "a", Halves()), tmp_path / "copy.png"
    copy.write_bytes(found.evaluate(JOB.seed, JOB.point).image.read_bytes())
    other = regional(tmp_path / "b", Halves())
    other.restore(JOB, copy)
    assert other.find_image(JOB, alone=True) == other.place(JOB)
    assert other.everywhere.find_image(JOB, alone=True) is None
