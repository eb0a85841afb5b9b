"""Files of a LoRA after some of its epochs, beside the last one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from models.base.family import Base
from models.errors import InputError
from models.lora.file import open_lora, read_metadata
from trainers.testing.recording_callback import RecordingCallback
from trainers.testing.tiny_base import tiny_base
from trainers.testing.tiny_set import write_tiny_set
from trainers.testing.training_callback_suite import SHORT
from trainers.train.epoch_files import EpochFiles
from trainers.train.settings.request import TrainRequest
from trainers.train.train import train

EPOCHS = replace(SHORT, plan=replace(SHORT.plan, epochs=5))


@pytest.fixture(scope="module")
def base() -> Base:
    return tiny_base()


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_set(tmp_path_factory.mktemp("sets") / "set")


def request(dataset: Path, folder: Path, every: int | None = 2) -> TrainRequest:
    return TrainRequest(dataset, folder / "dress.safetensors", "dress", EPOCHS, folder / "work", save_every=every)


def test_files_come_at_the_ends_of_epochs_but_the_last() -> None:
    files = EpochFiles(Path("a/dress.safetensors"), 2, 5, 15)
    assert {epoch: path.name for epoch, path in files.paths().items()} == {
        2: "dress-000002.safetensors",
        4: "dress-000004.safetensors",
    }
    assert {step: files.after(step) for step in range(1, 16) if files.after(step)} == {6: 2, 12: 4}
    assert EpochFiles(Path("a.safetensors"), 2, 4, 12).paths().keys() == {2}


def test_each_file_opens_tells_its_epoch_and_leaves_the_last_as_it_is(dataset: Path, tmp_path: Path, base: Base) -> None:
    alone = train(request(dataset, tmp_path / "alone", None), base)
    callback = RecordingCallback()
    made = train(request(dataset, tmp_path / "more"), base, callback=callback)
    assert made.hash == alone.hash
    folder = tmp_path / "more"
    assert {path.name for path in folder.glob("*.safetensors")} == {
        "dress-000002.safetensors",
        "dress-000004.safetensors",
        "dress.safetensors",
    }
    hashes = {open_lora(path, base.modules).digest for path in folder.glob("*.safetensors")}
    assert len(hashes) == 3
    told = {path.name: read_metadata(path)["ss_epoch"] for path in folder.glob("*.safetensors")}
    assert told == {"dress-000002.safetensors": "2", "dress-000004.safetensors": "4", "dress.safetensors": "5"}
    assert callback.events
    again = train(request(dataset, folder), base)
    assert again.seconds == 0


def test_a_finished_training_makes_no_files_in_between_and_says_so(dataset: Path, tmp_path: Path, base: Base) -> None:
    train(request(dataset, tmp_path, None), base)
    with pytest.raises(InputError, match=r"dress-000002\.safetensors.*delete dress\.safetensors to train it again"):
        train(request(dataset, tmp_path), base)


def test_a_killed_training_ends_with_the_same_files(dataset: Path, tmp_path: Path, base: Base) -> None:
    class Killed(RecordingCallback):
        def on_step(self, step: int, loss: float) -> None:
            super().on_step(step, loss)
            if step == whole.steps - 1:
                raise KeyboardInterrupt

    whole = train(request(dataset, tmp_path / "whole"), base)
    asked = replace(request(dataset, tmp_path / "cut"), checkpoint_seconds=0.0)
    with pytest.raises(KeyboardInterrupt):
        train(asked, base, callback=Killed())
    train(asked, base)
    for path in (tmp_path / "whole").glob("*.safetensors"):
        assert (tmp_path / "cut" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("every", [0, 5, 9])
def test_epochs_that_the_training_has_not_are_refused(dataset: Path, tmp_path: Path, every: int) -> None:
    with pytest.raises(InputError, match=f"no epoch to save: {every} of 5"):
        request(dataset, tmp_path, every)
