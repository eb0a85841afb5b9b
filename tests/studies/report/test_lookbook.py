"""A whole look-book through the verb, of a study that was drawn and judged_image at by fakes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from models.boxes import ShareBox
from models.errors import InputError
from scorers.observe.observation import Observation
from scorers.testing.fake_observer import FakeObserver, Shown, observation_of
from studies.cli.app import app
from studies.run.blur_policy import little_clothing
from studies.run.calibration import calibrate, load_calibration
from studies.run.seed_search import run_seed
from studies.run.stored_results import images_gone
from studies.study import Study
from studies.testing.lab_study import painter_of, study_of
from studies.testing.painting_renderer import painted
from studies.tracking.memory import MemoryTracker

SPEC = {
    "name": "look",
    "base": {"checkpoint": "/somewhere/else/base.safetensors"},
    "prompt": "1girl, testdress, <img src=x onerror=alert(1)>",
    "render": {"width": 64, "height": 96, "steps": 20, "sampler": "DPM++ 2M Karras", "cfg": 5.0, "rng": "cpu"},
    "loras": {
        "dress": {
            "file": "d.safetensors",
            "kind": "clothing",
            "references": "d",
            "trigger": "<b>testdress</b>",
            "start": 0.6,
            "bounds": (0.2, 1),
        },
        "shoes": {"file": "s.safetensors", "kind": "shoes", "references": "s", "start": 0.6},
    },
    "search": {"require": {"dress": 0.4, "shoes": 0.4}, "sampler": "random", "robustness": 0},
    "seeds": [7, 8],
    "scorers": {"hands": {"judge": "hands.onnx"}},
}


def seen(image: Image.Image) -> Shown:
    """As much of the dress and the shoes as the painter painted, and no clothing at all where there is no red."""
    dress, shoes = painted(image)
    return Shown(clothing=dress or None, shoes=shoes)


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    made = study_of(SPEC, tmp_path, observer=FakeObserver(seen))
    monkeypatch.setattr("studies.cli.lookbook.open_study", lambda path, workspace: made)
    return made


def search(study: Study, seed: int, budget: int = 32) -> None:
    study.workspace.make()
    judge = calibrate(study, seed).judge
    run_seed(study, seed, judge=judge, budget=budget, tracker=MemoryTracker(), on_trial=lambda event: None)


def lookbook(*words: str, status: int = 0) -> Path:
    run = CliRunner().invoke(app, ["lookbook", "study.yaml", *words])
    if run.exception is not None and not isinstance(run.exception, SystemExit):
        raise run.exception
    assert run.exit_code == status
    return Path(run.stdout.strip())


def seeds_of(index: Path) -> list[dict[str, Any]]:
    [stored] = re.findall(r'id="book">(.*?)</script>', index.read_text(encoding="utf-8"), re.DOTALL)
    seeds: list[dict[str, Any]] = json.loads(stored)["seeds"]
    return seeds


def test_the_book_of_a_study_holds_its_pick_its_proof_and_its_ladders(study: Study) -> None:
    search(study, 7)
    drawn = len(painter_of(study).calls)
    index = lookbook()
    assert index == study.workspace.root / "lookbook" / "index.html"
    page = index.read_text(encoding="utf-8")
    assert len(painter_of(study).calls) == drawn
    [seed] = seeds_of(index)
    pick = seed["trials"][seed["pick"]]
    assert pick["at"] == pytest.approx([0.4, 0.4])
    assert "total 0.80" in page
    assert "breaks dress by 0.05" in page
    assert "breaks shoes by 0.05" in page
    assert all(f"{name} alone at {weight}:" in page for name in ("dress", "shoes") for weight in ("1",))
    assert "Locked, but not run yet: 8." in page
    assert all((index.parent / trial["image"]).is_file() for trial in seed["trials"])


def test_names_stay_text_and_tell_nothing_of_where_files_lay(study: Study) -> None:
    search(study, 7, 8)
    page = lookbook().read_text(encoding="utf-8")
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "<img src=x" not in page
    assert "base.safetensors" in page
    assert "/somewhere" not in page
    assert str(study.root) not in page


def test_the_plain_image_without_clothing_is_blurred_unless_it_is_asked_for(study: Study, tmp_path: Path) -> None:
    search(study, 7, 8)
    blurred = lookbook().read_text(encoding="utf-8")
    clear = lookbook("--no-blur", "--out", str(tmp_path / "clear")).read_text(encoding="utf-8")
    assert blurred.count('<div class="frame bare">') > clear.count('<div class="frame bare">') == 0


def test_a_study_without_a_pick_ends_with_status_1(study: Study) -> None:
    study.spec.search.require["dress"] = 1.5
    search(study, 7, 6)
    page = lookbook(status=1).read_text(encoding="utf-8")
    assert "No weights meet every requirement" in page
    assert "blocked by dress" in page


def test_images_that_the_cache_let_go_are_counted_and_drawn_again(study: Study) -> None:
    search(study, 7, 6)
    assert images_gone(study, 7) == 0
    files = sorted(study.workspace.images.glob("*.png"))
    files[0].unlink()
    assert images_gone(study, 7) == 1
    lookbook()
    assert images_gone(study, 7) == 0


def test_a_study_that_was_not_run_is_refused(study: Study) -> None:
    with pytest.raises(InputError, match="nothing was run here yet"):
        lookbook()
    assert not study.workspace.root.exists()


def test_a_folder_of_other_things_is_refused_before_anything_is_read(study: Study, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="something else than a look-book"):
        lookbook("--out", str(tmp_path / "mine"))


def dressed(area: float, top: float, bottom: float) -> Observation:
    """A figure as high as the image, 2 to 3, the middle of its head at 0.1."""
    stored = observation_of(Shown())
    region = replace(stored.regions["clothing"], area=area, box=ShareBox(0.3, top, 0.7, bottom))
    return replace(stored, regions={"clothing": region}, points={"head": ((0.3, 0.1),)})


@pytest.mark.parametrize(
    ("observation", "bare"),
    [
        (dressed(0.15, 0.2, 0.6), False),
        (dressed(0.03, 0.2, 0.6), True),
        (dressed(0.15, 0.45, 0.9), True),
        (dressed(0.15, 0.2, 0.4), True),
        (dressed(0.15, 0.2, 1.0), False),
        (observation_of(Shown(clothing=None)), True),
        (replace(observation_of(Shown()), height=0.0), True),
        (Observation((0, 0), failed="out of memory"), False),
        (replace(dressed(0.15, 0.2, 0.6), points={}), False),
    ],
    ids=["dress", "bikini", "skirt alone", "top alone", "cut by the edge", "nothing", "nobody", "not drawn", "headless"],
)
def test_little_clothing_is_told_by_how_much_there_is_and_where(observation: Observation, bare: bool) -> None:
    assert little_clothing(observation) is bare


def test_an_unsound_start_image_is_said_as_the_run_says_it(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    search(study, 7, 6)
    assert "start image is not sound" not in lookbook().read_text(encoding="utf-8")
    monkeypatch.setattr("studies.run.calibration.ladder_faults", lambda seen, plain: ("no face",))
    assert "start image is not sound (no face)" in load_calibration(study, 7).start_note
    (note,) = [line for line in load_calibration(study, 7).notes() if "start image" in line]
    page = lookbook().read_text(encoding="utf-8")
    assert f'<p class="note">{note[0].upper()}{note[1:]}</p>' in page
