"""The evaluator suite on the evaluator of ControlNets, whose seeds have hints of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from optimizer.control.control import Control
from optimizer.control.hints import Hint, Hints
from optimizer.evaluate.base import Evaluator
from optimizer.evaluate.controlled_evaluator import ControlledEvaluator
from optimizer.point import Job, Point
from optimizer.testing.evaluator_conformance import EvaluatorSuite
from optimizer.testing.fake_renderer import FakeRenderer
from tests.optimizer.evaluate.test_evaluator import Watcher, evaluator


class Bright:
    """ControlNets a and b are told grey pictures, the brighter the higher the seed."""

    def __init__(self, *, known: bool = True) -> None:
        self.known = known

    def described(self) -> Mapping[str, str]:
        return {"a": "grey", "b": "grey"}

    def find(self, seed: int) -> Hints | None:
        return self.of(seed) if self.known else None

    def of(self, seed: int) -> Hints:
        self.known = True
        return Hints({name: Hint(name * 64, np.full((96, 64, 3), seed, np.uint8)) for name in ("a", "b")})


def controlled(folder: Path, hints: Bright) -> ControlledEvaluator:
    return ControlledEvaluator(evaluator(folder, FakeRenderer(), Watcher()), hints)


class TestControlledEvaluator(EvaluatorSuite):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Callable[[], Evaluator]:
        return lambda: controlled(tmp_path / "images", Bright())

    @pytest.fixture
    def jobs(self) -> list[Job]:
        return [Job(seed, Point({"x": 0.1 * seed}, 5.0, controls={"a": Control(0.5)})) for seed in range(1, 6)]


JOB = Job(1, Point({"x": 0.5}, 5.0, controls={"a": Control(0.5), "b": Control(0.0)}))


def test_an_image_is_named_by_what_acts_on_it_alone(tmp_path: Path) -> None:
    found = controlled(tmp_path, Bright())
    plain = Job(1, Point({"x": 0.5}, 5.0))
    assert found.place(plain) == found.without.place(plain)
    assert found.place(JOB) != found.without.place(JOB), "the hint is part of its name"
    only_a = Job(1, Point({"x": 0.5}, 5.0, controls={"a": Control(0.5)}))
    assert found.place(JOB) == found.place(only_a)
    assert found.identity()["controls"] == {"a": "grey", "b": "grey"}


def test_what_is_not_known_is_found_by_drawing_alone(tmp_path: Path) -> None:
    found = controlled(tmp_path, Bright(known=False))
    assert found.find_image(JOB, alone=True) is None
    assert found.load(JOB, alone=True) is None
    unknown = found.place(JOB)
    drawn = found.evaluate(JOB.seed, JOB.point)
    assert found.place(JOB) == drawn.image != unknown
    assert not unknown.exists()


def test_hints_are_equal_by_their_content() -> None:
    assert Bright().of(3) == Bright().of(3)
    assert len({Bright().of(3), Bright().of(3), Bright().of(4)}) == 2
    assert Bright().of(3).of(["a"]) != Bright().of(3).of(["b"])
    assert Bright().of(3).of([]) is None
