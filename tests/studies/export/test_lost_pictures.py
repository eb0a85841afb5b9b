"""Pictures of the workspace that are gone or damaged: one line that says which, and how it is drawn again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from models.errors import InputError
from models.io.images import open_drawn
from optimizer.evaluate.image_cache import load_png
from studies.enlarging.job import enlarge_study
from studies.export.export import export_to
from studies.pipeline import run_study
from studies.report.lookbook import book_of
from studies.run.mended.mended import Redrawn
from studies.run.mended.stored import store_mended
from studies.run.outcome import Outcome
from studies.run.stored_results import stored
from studies.study import Study
from studies.testing.fake_study import FakeWorld, fake_study, opened_on
from studies.tracking.memory import MemoryTracker

SEED = 7
AGAIN = "draw it again with `huanhua run STUDY`"
REDRAWN = Redrawn("hands", 8, 0.4, 32, 4, (0, 0, 64, 64), (8, 8, 16, 16))
VERBS: dict[str, Callable[[Study, Outcome], object]] = {
    "png": lambda study, outcome: export_to(study, outcome, "png"),
    "comfyui": lambda study, outcome: export_to(study, outcome, "comfyui"),
    "enlarge": lambda study, outcome: enlarge_study(study, [SEED], tracker=MemoryTracker()),
}


@pytest.fixture(scope="module")
def mended_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study whose pick was mended."""
    folder = tmp_path_factory.mktemp("lost") / "study"
    study = fake_study(folder)
    run_study(study, [SEED], trials=8, tracker=MemoryTracker())
    found = stored(study, SEED)
    record = found.outcome.shown
    assert record is not None
    (observation,) = study.observer.observe([open_drawn(record.image)])
    store_mended(study, SEED, record, record.image.read_bytes(), observation, [REDRAWN])
    return folder


@pytest.fixture
def study(mended_folder: Path, tmp_path: Path) -> Study:
    shutil.copytree(mended_folder, tmp_path / "study")
    return opened_on(tmp_path / "study", FakeWorld((64, 96)))


def pick_of(study: Study) -> tuple[Outcome, Path]:
    outcome = stored(study, SEED).outcome
    assert outcome.pick is not None
    assert outcome.mended is not None
    return outcome, outcome.record(outcome.pick).image


@pytest.mark.parametrize("verb", ["png", "comfyui"])
def test_a_pick_whose_picture_was_deleted_meanwhile(study: Study, verb: str) -> None:
    outcome, image = pick_of(study)
    image.unlink()
    with pytest.raises(InputError, match="a picture is gone from the workspace") as refused:
        VERBS[verb](study, outcome)
    assert (image.name in str(refused.value), AGAIN in str(refused.value)) == (True, True)
    assert not list(study.workspace.root.glob("exports/*.png"))


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("left", [0, 100])
def test_a_pick_whose_picture_is_damaged(study: Study, verb: str, left: int) -> None:
    outcome, image = pick_of(study)
    assert outcome.mended is not None
    for damaged in (image, outcome.mended.image):
        damaged.write_bytes(damaged.read_bytes()[:left])
    # What is enlarged is looked up with the mended picture, which is told first.
    own = "a damaged file of the workspace: .*delete it: `huanhua mend STUDY` writes it anew"
    with pytest.raises(
        InputError, match=own if verb == "enlarge" else f"damaged or cut short|empty file.*delete it, and {AGAIN}"
    ):
        VERBS[verb](study, outcome)


def test_a_damaged_mended_picture_is_not_exported(study: Study) -> None:
    outcome, _ = pick_of(study)
    assert outcome.mended is not None
    outcome.mended.image.write_bytes(outcome.mended.image.read_bytes()[:100])
    with pytest.raises(InputError, match="damaged"):
        export_to(study, outcome, "png")
    assert not study.workspace.exports.exists()


def test_what_is_deleted_then_comes_back(study: Study) -> None:
    _, image = pick_of(study)
    content = image.read_bytes()
    image.unlink()
    assert pick_of(study)[1].read_bytes() == content, "Optuna's artifacts have a copy"
    image.unlink()
    shutil.rmtree(study.workspace.artifacts)
    with pytest.raises(InputError, match=r"1 images of it are not in the workspace.*huanhua run STUDY --seed 7"):
        stored(study, SEED)
    book_of(study, blurred=True)
    assert image.read_bytes() == content, "a look-book draws what is gone"


def test_a_damaged_picture_of_the_cache_is_not_looked_at(tmp_path: Path) -> None:
    place = tmp_path / "image.png"
    place.write_bytes(b"\x89PNG\r\n")
    with pytest.raises(InputError, match="damaged or cut short"):
        load_png(place)
