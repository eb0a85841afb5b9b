"""What a LoRA shows alone: which images are its 1, which are drawn, and what is reported."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from optimizer.evaluate.base import Evaluation
from optimizer.point import Point
from scorers.testing.fake_observer import FakeObserver, Shown, observation_of
from studies.run.calibration import calibrate, calibration_images, calibration_jobs, load_calibration
from studies.run.ladders import CALIBRATION, EARLIER_LADDERS, LADDER, Ladder, is_open, levels_of, store_ladder_seed
from studies.testing.lab_study import painter_of, seen, study_in
from studies.testing.painting_renderer import painted

NOISE = 0.02


def ladder(*raw: float, broken: tuple[int, ...] = ()) -> Ladder:
    weights = [(k + 1) / len(raw) for k in range(len(raw))]
    faults = tuple(("no head",) if k in broken else () for k in range(len(raw)))
    steps = tuple(Evaluation(7, Point({"dress": w}, 5.0), Path("x.png"), observation_of(Shown())) for w in weights)
    return Ladder("dress", steps, raw, faults)


def test_a_sound_rising_ladder_has_no_note_and_no_lower_level() -> None:
    assert ladder(0.4, 0.8).notes(NOISE) == []
    assert not is_open(ladder(0.4, 0.8), NOISE)
    assert not is_open(ladder(0.8, 0.79), NOISE)


def test_a_wrecked_step_is_reported_and_the_step_below_it_is_enough() -> None:
    wrecked = ladder(0.7, 0.9, broken=(1,))
    assert wrecked.notes(NOISE) == ["dress alone at 1 is not sound (no head): that is not its 1"]
    assert not is_open(wrecked, NOISE)


def test_a_ladder_that_falls_is_reported_and_drawn_further_down() -> None:
    falling = ladder(0.9, 0.7)
    assert falling.notes(NOISE) == ["dress alone shows most at 0.5 (0.90) and less at 1 (0.70): more weight gains nothing there"]
    assert is_open(falling, NOISE)
    assert not is_open(ladder(0.6, 0.9, 0.7), NOISE)


def test_without_a_sound_step_lower_ones_are_drawn_and_the_best_is_taken_all_the_same() -> None:
    ruin = ladder(0.5, 0.9, broken=(0, 1))
    assert is_open(ruin, NOISE)
    assert ruin.notes(NOISE) == ["dress alone is sound at no weight (no head): its 1 is the best of them"]


def test_a_start_that_shows_more_is_reported() -> None:
    assert replace(ladder(0.4, 0.8), start=0.81).notes(NOISE) == []
    said = "dress shows more in the start image (0.95) than alone (0.80): its 1 is the start image"
    assert replace(ladder(0.4, 0.8), start=0.95).notes(NOISE) == [said]


def test_one_image_a_lora_and_the_plain_one_calibrate_a_seed(tmp_path: Path) -> None:
    study = study_in(tmp_path)
    assert calibration_images(study) == 1 + 2 * len(LADDER)
    calibrated = calibrate(study, 7)
    assert [len(found.steps) for found in calibrated.ladders] == [1, 1]
    assert calibrated.notes() == []
    drawn = [p for _, p in painter_of(study).calls]
    assert len(drawn) == 1 + 2 * len(LADDER) + 1, "and the start image, which is the first trial too"


def test_a_wrecked_top_is_never_1(tmp_path: Path) -> None:
    def fallen(image: Image.Image) -> Shown:
        dress, _ = painted(image)
        return replace(seen(image), heads=0 if dress > 0.9 else 1)

    study = study_in(tmp_path, observer=FakeObserver(fallen))
    whole = calibrate(study_in(tmp_path / "whole"), 7).judge.calibrations["dress"]
    calibrated = calibrate(study, 7)
    assert calibrated.judge.calibrations["dress"].one < whole.one
    assert calibrated.notes() == ["dress alone at 1 is not sound (no head): that is not its 1"]
    assert load_calibration(study, 7) == calibrated


def test_lower_levels_that_were_drawn_are_found_again(tmp_path: Path) -> None:
    def fallen(image: Image.Image) -> Shown:
        dress, _ = painted(image)
        return replace(seen(image), heads=0 if dress > 0.6 else 1)

    study = study_in(tmp_path, observer=FakeObserver(fallen))
    calibrated = calibrate(study, 7)
    assert levels_of(study, "dress") == (0.5, 0.75, *LADDER)
    assert levels_of(study, "shoes") == LADDER
    again = study_in(tmp_path, observer=FakeObserver(fallen))
    assert load_calibration(again, 7) == calibrated
    assert calibrate(again, 7) == calibrated
    assert painter_of(again).calls == []


def test_a_sound_start_that_shows_more_than_the_ladder_is_the_1(tmp_path: Path) -> None:
    def shown(image: Image.Image, fallen: bool = False) -> Shown:
        dress, shoes = painted(image)
        both = dress > 0 and shoes > 0
        return replace(seen(image), clothing=0.9 if both else dress / 2, heads=0 if both and fallen else 1)

    calibrated = calibrate(study_in(tmp_path / "whole", observer=FakeObserver(shown)), 7)
    alone = calibrate(study_in(tmp_path / "fallen", observer=FakeObserver(lambda image: shown(image, fallen=True))), 7)
    assert calibrated.judge.calibrations["dress"].one > alone.judge.calibrations["dress"].one
    assert alone.judge.calibrations["dress"].one == pytest.approx(max(alone.ladders[0].raw))
    assert "dress shows more in the start image" in calibrated.notes()[0]
    said = "the start image is not sound (no head), and the pick need not be sounder: another seed is safer"
    assert [note for note in alone.notes() if "start image" in note] == [said]
    assert not [note for note in calibrated.notes() if "not sound" in note]


@pytest.mark.parametrize("seed", [7, 8])
@pytest.mark.parametrize("record", [{"seed": 7}, {"seed": 7, "levels": {}}])
def test_a_workspace_of_an_earlier_version_keeps_its_levels_and_its_1(
    tmp_path: Path, seed: int, record: dict[str, object]
) -> None:
    study = study_in(tmp_path, observer=FakeObserver(lambda image: replace(seen(image), heads=0)))
    study.workspace.make()
    study.workspace.write(CALIBRATION, record)
    jobs = calibration_jobs(study, seed)
    assert [job.point.weights["dress"] for job in jobs.ladders["dress"]] == list(EARLIER_LADDERS["levels" in record])
    calibrated = calibrate(study, seed)
    assert calibrated.judge.calibrations["dress"].one == pytest.approx(max(calibrated.ladders[0].raw))
    assert study.workspace.read(CALIBRATION)["seed"] == 7
    assert "start" not in study.workspace.read(CALIBRATION)


def test_later_seeds_use_the_first_ones_ladders(tmp_path: Path) -> None:
    study = study_in(tmp_path)
    store_ladder_seed(study, 7)
    calibrate(study, 7)
    painter_of(study).calls.clear()
    calibrate(study, 8)
    assert len(painter_of(study).calls) == 2, "its own plain image and its start"
