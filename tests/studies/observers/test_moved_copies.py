"""Copies of a pick are looked at once, kept beside its image, and told in its verdict."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from scorers.noise.copies import COPIES
from scorers.testing.fake_observer import FakeObserver, Shown
from studies.observers.moved_copies import observe_copies, stored_copies
from studies.report.verdict import describe
from studies.run.calibration import calibrate
from studies.run.trials import stored_outcome
from studies.study import Study
from studies.testing.lab_study import SPEC, run, seen, study_in

LEAST = {**SPEC["search"], "sampler": "least-weight", "robustness": 0.02}


def with_image(folder: Path) -> tuple[Study, FakeObserver, Path]:
    observer = FakeObserver(lambda image: Shown(0.5))
    study = study_in(folder, observer=observer)
    image = study.workspace.make().images / "one.png"
    Image.new("RGB", (64, 96)).save(image)
    return study, observer, image


def test_they_are_looked_at_once(tmp_path: Path) -> None:
    study, observer, image = with_image(tmp_path)
    assert stored_copies(study, image) == []
    first = observe_copies(study, image)
    assert len(first) == observer.observed == COPIES
    assert observe_copies(study, image) == stored_copies(study, image) == first
    assert observer.observed == COPIES


def test_an_image_that_has_left_the_cache_has_none(tmp_path: Path) -> None:
    study, observer, image = with_image(tmp_path)
    image.unlink()
    assert observe_copies(study, image) == []
    assert observer.observed == 0


def test_a_damaged_file_is_looked_at_again(tmp_path: Path) -> None:
    study, _observer, image = with_image(tmp_path)
    first = observe_copies(study, image)
    (place,) = image.parent.glob("one.copies.*")
    place.write_text(place.read_text(encoding="utf-8")[:-9], encoding="utf-8")
    assert stored_copies(study, image) == []
    assert observe_copies(study, image) == first


def test_a_run_tells_how_sure_its_pick_and_proof_are_and_show_finds_it(tmp_path: Path) -> None:
    study = study_in(tmp_path, search=LEAST, observer=FakeObserver(seen))
    outcome = run(study, budget=24)
    assert outcome.pick
    assert outcome.proof
    lines = "\n".join(describe(outcome))
    assert "sure       > 99%, in spite of" in lines
    again = stored_outcome(study, 7, calibrate(study, 7).judge)
    assert again.as_json()["feasible_with"] == outcome.as_json()["feasible_with"] == 1.0
    steps = again.as_json()["proof"]["steps"]
    assert steps
    assert all(step["violates_with"] == 1.0 for step in steps.values())


def test_what_breaks_by_less_than_its_noise_is_within_noise(tmp_path: Path) -> None:
    flat = FakeObserver(seen)
    outcome = run(study_in(tmp_path / "flat", search=LEAST, observer=flat), budget=24)
    rng = np.random.default_rng(0)

    def unsure(image: Image.Image) -> Shown:
        shown = seen(image)
        return Shown(shown.clothing, max(0.0, (shown.shoes or 0.0) + 0.2 * rng.standard_normal()))

    study = study_in(tmp_path / "flat", search=LEAST, observer=FakeObserver(unsure))
    for record in outcome.trials:
        for place in record.image.parent.glob(f"{record.image.stem}.copies.*"):
            place.unlink()
        observe_copies(study, record.image)
    told = "\n".join(describe(stored_outcome(study, 7, calibrate(study, 7).judge)))
    assert "within noise: only" in told
