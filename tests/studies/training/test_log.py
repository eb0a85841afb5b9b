"""A training as MLflow holds it: nothing of it changes the file, and a killed one goes on in the same run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models.base.family import Base
from models.lora.file import read_metadata
from models.lora.sites import TEXT
from optimizer.render.decode import NotDrawn
from studies.tracking.memory import MemoryRun, MemoryTracker
from studies.training.log import TrainingLog, manifest_of, training_params
from studies.training.samples import draw_with, sample_prompt
from tests.trainers.train.test_train import dataset, run
from trainers.testing.tiny_base import tiny_base
from trainers.testing.training_callback_suite import SHORT, TrainingCallbackSuite
from trainers.train.progress import Progress
from trainers.train.settings.request import TrainRequest

__all__ = ["dataset"]


@pytest.fixture(scope="module")
def base() -> Base:
    return tiny_base()


def painted(base: Base) -> Any:
    """Draws with what draws in a training must not be disturbed: the model as it is, and random numbers of all kinds."""
    import torch

    def draw() -> dict[int, Image.Image | NotDrawn]:
        context = torch.randn(1, 77, base.text_encoders[TEXT].config.hidden_size)
        base.denoiser(torch.randn(1, 4, 8, 8), 3, context, return_dict=False)
        shade = int(np.random.rand() * 255)
        return {1: Image.new("RGB", (8, 8), (shade, 0, 0)), 2: NotDrawn("the UNet gave NaN")}

    return draw


def log_of(tracker: MemoryTracker, base: Base, every: int | None = 2) -> TrainingLog:
    return TrainingLog(tracker, "dress", {"rank": 2}, {"manifest.json": "{}"}, painted(base), every)


def only(tracker: MemoryTracker) -> MemoryRun:
    (found,) = tracker.trainings["dress"]
    return found


def test_a_logged_training_gives_the_same_file_and_a_run_that_is_found_by_its_hash(
    dataset: Path, tmp_path: Path, base: Base
) -> None:
    plain = run(dataset, tmp_path / "a" / "dress.safetensors", base)
    tracker = MemoryTracker()
    log = log_of(tracker, base)
    reported: list[Progress] = []
    made = run(dataset, tmp_path / "b" / "dress.safetensors", base, callback=log, progress=reported.append)
    log.finish(made)
    assert made.path.read_bytes() == plain.path.read_bytes()
    logged = only(tracker)
    assert logged.finished
    assert len(logged.losses) == 6
    assert reported[-1].loss == pytest.approx(made.loss)
    assert logged.params == {"rank": 2}
    assert logged.tags["lora"] == made.hash[:12]
    assert logged.tags["sshs_model_hash"] == read_metadata(made.path)["sshs_model_hash"]
    assert sorted(logged.artifacts) == ["manifest.json", *(f"step {step:06d} seed 1" for step in (0, 2, 4, 6))]


def test_a_killed_training_goes_on_in_the_same_run(dataset: Path, tmp_path: Path, base: Base) -> None:
    whole = MemoryTracker()
    log = log_of(whole, base)
    log.finish(run(dataset, tmp_path / "a" / "dress.safetensors", base, callback=log))

    def kill(progress: Progress) -> None:
        if progress.step == 3:
            raise KeyboardInterrupt

    out, tracker = tmp_path / "b" / "dress.safetensors", MemoryTracker()
    with pytest.raises(KeyboardInterrupt):
        run(dataset, out, base, callback=log_of(tracker, base), progress=kill, checkpoint_seconds=0.0)
    assert not only(tracker).finished
    log = log_of(tracker, base)
    log.finish(run(dataset, out, base, callback=log))
    assert only(tracker).losses == only(whole).losses
    assert only(tracker).finished
    assert out.read_bytes() == (tmp_path / "a" / "dress.safetensors").read_bytes()


def test_a_file_that_is_there_already_can_be_logged(dataset: Path, tmp_path: Path, base: Base) -> None:
    out = tmp_path / "dress.safetensors"
    run(dataset, out, base)
    tracker = MemoryTracker()
    log = log_of(tracker, base)
    made = run(dataset, out, base, callback=log)
    log.finish(made)
    log.finish(made)
    assert only(tracker).tags["lora"] == made.hash[:12]
    assert only(tracker).losses == []


def test_how_often_samples_are_drawn_by_default(base: Base) -> None:
    log = log_of(MemoryTracker(), base, every=None)
    log.on_start("a", 800, ())
    assert [step for step in range(801) if log.wants_sample(step)] == list(range(0, 801, 100))
    log.on_start("a", 3, ())
    assert [step for step in range(4) if log.wants_sample(step)] == [0, 1, 2, 3]


def test_what_is_logged_of_a_training(dataset: Path) -> None:
    request = TrainRequest(dataset, Path("dress.safetensors"), "dress", SHORT, Path())
    params = training_params(request, "base", "clothing", [Path("loras/face.safetensors")])
    assert params["plan.batch"] == 2
    assert params["variety.keep"] == 1
    assert params["size"] == "512x768"
    assert params["beside"] == "face.safetensors"
    assert sample_prompt(dataset, "dress") == "dress, pink, long, dotted"
    assert manifest_of(dataset) == {}


class TestTrainingLog(TrainingCallbackSuite):
    @pytest.fixture
    def callback(self, base: Base) -> TrainingLog:
        return log_of(MemoryTracker(), base)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_samples_show_the_lora_as_the_base_carries_it(dataset: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    from models.base.opening import open_base
    from studies.paperdoll.bundle import WEIGHTS

    lab = open_base(WEIGHTS / "base")
    (tmp_path / "set/train/1_dress").mkdir(parents=True)
    Image.new("RGB", (64, 64), "red").save(tmp_path / "set/train/1_dress/a.png")
    tracker = MemoryTracker()
    log = TrainingLog(tracker, "dress", {}, {}, draw_with(lab, "dress", (64, 64), 2.5), 2)
    settings = replace(SHORT, learning_rate=3e-2, text_rank=2)
    log.finish(run(tmp_path / "set", tmp_path / "dress.safetensors", lab, settings, callback=log))
    shown = {name: image for name, image in only(tracker).artifacts.items() if name.endswith("seed 1")}
    assert list(shown) == ["step 000000 seed 1", "step 000002 seed 1"]
    first, last = (np.asarray(image, dtype=int) for image in shown.values() if isinstance(image, Image.Image))
    again = np.asarray(draw_with(lab, "dress", (64, 64), 2.5)()[1], dtype=int)
    assert np.abs(again - first).max() <= 1, "a LoRA that is nothing yet, but for rounding"
    assert np.abs(last - first).max() > 20
