"""The backend suite on the fake and on the local backend, over fakes and over the lab's own models."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import pytest

from optimizer.render.base import Renderer
from scorers.observe.base import Observer
from scorers.testing.fake_observer import FakeObserver
from studies.backends.local import LocalBackend
from studies.local_models import LocalModels
from studies.model_facts import ModelFacts
from studies.study import Study
from studies.testing.backend_suite import BackendSuite
from studies.testing.fake_backend import FakeBackend, facts_of
from studies.testing.lab_study import seen, study_in
from studies.testing.painting_renderer import Painter


class FakeModels(LocalModels):
    """Opens fakes in place of files."""

    @cached_property
    def renderer(self) -> Renderer:
        return Painter()

    @cached_property
    def observer(self) -> Observer:
        return FakeObserver(seen)

    def facts(self) -> ModelFacts:
        return facts_of(self.spec.loras)


class TestFakeBackend(BackendSuite):
    @pytest.fixture(params=[False, True], ids=["eager", "lazy"])
    def reopen(self, request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Study]:
        def reopened() -> Study:
            study = study_in(tmp_path)
            return study.on(FakeBackend(Painter(), FakeObserver(seen), facts_of(study.spec.loras), lazy=request.param))

        return reopened


class TestLocalBackend(BackendSuite):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Callable[[], Study]:
        def reopened() -> Study:
            study = study_in(tmp_path)
            models = FakeModels(study.spec, study.root)
            return Study(study.spec, study.root, study.workspace, LocalBackend(models), models)

        return reopened


def test_creating_a_study_or_its_evaluator_for_stored_work_opens_no_model(tmp_path: Path) -> None:
    first = study_in(tmp_path)
    first.evaluator.evaluate(7, first.start)
    study = Study(first.spec, first.root, first.workspace)
    assert isinstance(study.backend, LocalBackend)
    assert study.evaluator.evaluate(7, study.start).image.is_file()
    assert not study.backend.is_open()


def test_the_same_study_on_another_backend_shares_its_workspace(tmp_path: Path) -> None:
    study = study_in(tmp_path)
    other = FakeBackend(Painter(), FakeObserver(seen), facts_of(study.spec.loras))
    moved = study.on(other)
    assert moved.backend is other
    assert moved.evaluator.evaluate(7, study.start) == study.evaluator.evaluate(7, study.start)
    assert isinstance(other.renderer, Painter)
    assert len(other.renderer.calls) == 1
