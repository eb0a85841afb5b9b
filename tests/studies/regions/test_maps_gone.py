"""A workspace that has lost what its images are found by, regions or hints: said to be that, and made again without drawing."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray
from PIL import Image

from models.errors import InputError
from models.testing.control.nets import write_named
from optimizer.point import Job
from studies.local_models import LocalModels
from studies.pipeline import run_study
from studies.report.lookbook import book_of
from studies.run.stored_results import stored
from studies.study import Study
from studies.testing.fake_study import FakeWorld, drawn, fake_study, opened_on
from studies.testing.recording_callback import RecordingCallback
from studies.tracking.memory import MemoryTracker

SIZE, SEED = (64, 96), 7
HINT = {"edges": {"model": "net.safetensors", "hint": "canny"}}


class Parser:
    """Sees one figure."""

    labels = {0: "background", 1: "face", 2: "dress", 3: "shoes", 4: "hands", 5: "legs"}  # noqa: RUF012

    def parse(self, images: Sequence[Image.Image]) -> list[NDArray[np.uint8]]:
        found = np.zeros((SIZE[1], SIZE[0]), np.uint8)
        found[4:24, 24:40], found[24:60, 20:44], found[80:92, 22:42] = 1, 2, 3
        return [found for _ in images]


def painted(job: Job) -> Image.Image:
    picture = Image.new("RGB", SIZE, (90, 90, 90))
    picture.paste((220, 30, 60), (10 + job.seed % 20, 30, 40, 80))
    return picture


def again(folder: Path) -> Study:
    return opened_on(folder, FakeWorld(SIZE, painted))


@pytest.fixture(params=["hints", "regions", "both"])
def run(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, list[str]]:
    """A study that was run, and the folders of its workspace that are then removed."""
    monkeypatch.setattr(LocalModels, "parser", property(lambda self: Parser()))
    fake_study(tmp_path, size=SIZE)
    write_named(tmp_path / "net.safetensors")
    content: dict[str, Any] = yaml.safe_load((tmp_path / "study.yaml").read_text())
    if request.param != "regions":
        content["control"] = HINT
    if request.param != "hints":
        content["loras"]["dress"]["region"] = "auto"
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(content))
    run_study(again(tmp_path), [SEED], trials=5, tracker=MemoryTracker())
    folders = ["hints", "regions"] if request.param == "both" else [request.param]
    for folder in folders:
        shutil.rmtree(tmp_path / "workspace" / folder)
    return tmp_path, folders


def test_what_is_stored_says_what_is_gone(run: tuple[Path, list[str]]) -> None:
    folder, folders = run
    named = {"hints": "the hints of its ControlNets", "regions": "the regions of its LoRAs"}
    what = " and ".join(named[one] for one in sorted(folders, reverse=True))
    with pytest.raises(
        InputError, match=re.escape(f"{what} are gone from the workspace, and its images are found by them: seed 7")
    ) as refused:
        stored(again(folder), SEED)
    assert str(refused.value).endswith("run `huanhua run STUDY --seed 7`, which makes them again")


def test_a_run_makes_them_again_and_draws_nothing(run: tuple[Path, list[str]]) -> None:
    folder, _ = run
    study = again(folder)
    (outcome,) = run_study(study, [SEED], trials=5, tracker=MemoryTracker())
    assert drawn(study) == []
    assert stored(again(folder), SEED).outcome.trials[0].image == outcome.trials[0].image


def test_a_look_book_makes_them_again_and_draws_nothing(run: tuple[Path, list[str]]) -> None:
    folder, _ = run
    study, callback = again(folder), RecordingCallback()
    book = book_of(study, blurred=True, callback=callback)
    assert len(book.seeds[0].trials) == 5
    assert drawn(study) == []
    assert [text for text in callback.messages() if "were gone, and are made again" in text]
    assert "announce" not in callback.names()


def test_an_image_that_is_gone_is_still_said_to_be_that(run: tuple[Path, list[str]]) -> None:
    folder, _ = run
    run_study(again(folder), [SEED], trials=5, tracker=MemoryTracker())
    shutil.rmtree(folder / "workspace" / "artifacts")
    stored(again(folder), SEED).outcome.trials[0].image.unlink()
    with pytest.raises(InputError, match=r"1 images of it are not in the workspace"):
        stored(again(folder), SEED)
