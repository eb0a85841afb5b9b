"""What every TrainingCallback must do. Inherit from `TrainingCallbackSuite` in a test module, with pytest fixtures `base` (a base
that can be trained, such as `tiny_base()`) and `callback` (one that draws with that base, if it draws at all)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from models.base.family import Base
from trainers.step_plan import Plan
from trainers.testing.tiny_set import write_tiny_set
from trainers.train.callback import TrainingCallback
from trainers.train.settings.preset import Preset
from trainers.train.settings.request import TrainRequest
from trainers.train.train import train

SHORT = Preset(plan=Plan(steps=4, epochs=2, batch=2), rank=2, alpha=1.0, learning_rate=1e-2, precision="float32")


class TrainingCallbackSuite:
    @pytest.fixture
    def request_(self, tmp_path: Path) -> TrainRequest:
        return TrainRequest(write_tiny_set(tmp_path / "set"), tmp_path / "a/x.safetensors", "dress", SHORT, tmp_path / "work")

    def test_a_training_gives_the_same_file_with_it(self, request_: TrainRequest, base: Base, callback: TrainingCallback) -> None:
        train(request_, base, callback=callback)
        plain = replace(request_, out=request_.out.parent.parent / "b/x.safetensors")
        train(plain, base)
        assert request_.out.read_bytes() == plain.out.read_bytes()

    def test_it_takes_a_resumed_training(self, request_: TrainRequest, base: Base, callback: TrainingCallback) -> None:
        callback.on_start("0" * 64, 4, (0.5, 0.25))
        for step in (3, 4):
            callback.on_step(step, 0.1)
            callback.wants_sample(step)

    def test_asking_for_samples_changes_nothing(self, callback: TrainingCallback) -> None:
        callback.on_start("0" * 64, 4, ())
        assert [callback.wants_sample(step) for step in range(5)] == [callback.wants_sample(step) for step in range(5)]


def expected_events(first: int, steps: int, every: int) -> list[tuple[str, int]]:
    """The calls that a training which starts after step `first` makes to a RecordingCallback."""
    events = [("on_start", first), *([("on_sample", first)] if first % every == 0 else [])]
    for step in range(first + 1, steps + 1):
        events += [("on_step", step), *([("on_sample", step)] if step % every == 0 else [])]
    return events
