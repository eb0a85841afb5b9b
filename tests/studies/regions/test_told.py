"""What is said of regions: advice where a seed has no pick, what they cost, where they are, and what cannot express them."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from models.errors import InputError
from optimizer.point import Job
from studies.announce import report_regions, seed_plan
from studies.cli.app import app
from studies.derive.regional import study_with_regions
from studies.export.export import export_to
from studies.pipeline import run_study
from studies.report.lookbook import book_of
from studies.report.sheets.regions import regions_sheet
from studies.report.verdict import describe
from studies.run.outcome import Outcome
from studies.run.verdicts.contention import advice, contending
from studies.run.verdicts.words import reason
from studies.study import Study
from studies.testing.fake_study import FakeWorld, fake_study, opened_on
from studies.testing.recording_callback import RecordingCallback
from studies.tracking.memory import MemoryTracker
from tests.studies.regions.test_regions_of_a_study import SEED, SIZE, FakeParser, drawn, painted, parser, regional

__all__ = ["parser"]


def searched(study: Study, trials: int = 6) -> Outcome:
    (outcome,) = run_study(study, [SEED], trials=trials, tracker=MemoryTracker())
    return outcome


def impossible(folder: Path) -> Study:
    """A study whose hands break before its LoRAs show enough."""
    fake_study(folder, size=SIZE)
    file = folder / "study.yaml"
    text = file.read_text().replace("0.4}", "0.95}").replace("0.4,", "0.95,")
    file.write_text(text.replace("trials: 40", "trials: 40, hands: 0.0"))
    return opened_on(folder, FakeWorld(SIZE, painted))


def test_a_seed_without_a_pick_is_told_of_regions_and_what_to_write(tmp_path: Path) -> None:
    outcome = searched(impossible(tmp_path))
    assert outcome.pick is None
    assert contending(outcome)
    said = advice(outcome)
    assert "`search: {schedule: {face: [start], dress: [start], shoes: [start]}}` in a copy of the study" in said
    assert "huanhua run STUDY --regions DIR" in said
    assert "`region: auto` at loras.face, loras.dress, loras.shoes" in said
    assert said in reason(outcome)
    assert any("--regions DIR" in line for line in describe(outcome))


def test_a_pick_needs_no_advice(tmp_path: Path) -> None:
    study = fake_study(tmp_path, size=SIZE)
    outcome = searched(opened_on(tmp_path, FakeWorld(SIZE, painted)))
    assert outcome.pick is not None
    assert advice(outcome) == ""
    assert study.rows == 1


def test_where_all_have_regions_none_are_advised(tmp_path: Path, parser: FakeParser) -> None:
    impossible(tmp_path)
    outcome = searched(regional(tmp_path, face="auto", dress="auto", shoes="auto"))
    assert outcome.pick is None
    assert any("dress in the clothes; face in the head; shoes in the shoes" in line for line in describe(outcome))
    assert "regions" not in advice(outcome)
    assert outcome.as_json()["regions"] == {"face": "the head", "dress": "the clothes", "shoes": "the shoes"}


def test_the_price_is_told_before_anything_is_drawn(tmp_path: Path, parser: FakeParser) -> None:
    study, callback = regional(tmp_path, face="auto", dress={"box": [0.0, 0.4, 1.0, 1.0]}), RecordingCallback()
    assert study.rows == 3
    report_regions(study, callback)
    assert any("about 3 times as long" in line for line in callback.messages())
    plan = seed_plan(study, SEED, 40, 1.0)
    assert plan.seconds_per_image == pytest.approx((plan.calibration + 3 * 40) / (plan.calibration + 40))
    assert drawn(study) == []


def test_a_run_in_regions_logs_and_shows_where_they_are(tmp_path: Path, parser: FakeParser) -> None:
    study, tracker = regional(tmp_path, face="auto", dress="auto", shoes="auto"), MemoryTracker()
    (outcome,) = run_study(study, [SEED], trials=6, tracker=tracker)
    assert outcome.pick is not None
    assert "regions.png" in tracker.seeds[SEED].artifacts
    assert str(tracker.seeds[SEED].params["region.face"]).startswith("the head of the locked image")
    assert all(job.regions is not None for job in drawn(study) if job.point.key() == outcome.pick.point.key())
    book = book_of(study, blurred=True)
    assert book.seeds[0].regions is not None
    assert ("Regions", "dress: the clothes; face: the head; shoes: the shoes") in book.settings


def test_a_sheet_only_where_there_are_regions(tmp_path: Path) -> None:
    study = fake_study(tmp_path, size=SIZE)
    assert regions_sheet(study, SEED) is None


@pytest.mark.parametrize("to", ["a1111", "diffusers", "lora"])
def test_what_cannot_express_regions_says_so(tmp_path: Path, parser: FakeParser, to: str) -> None:
    study = regional(tmp_path, face="auto")
    outcome = searched(study)
    with pytest.raises(InputError, match=r"the LoRAs act in regions \(face in the head\), which --to .* does not express"):
        export_to(study, outcome, to)  # type: ignore[arg-type]
    assert not study.workspace.exports.exists()


def test_the_picture_itself_says_that_regions_were_on(tmp_path: Path, parser: FakeParser) -> None:
    from PIL import Image

    study = regional(tmp_path, face="auto")
    found = export_to(study, searched(study), "png")
    with Image.open(found.paths[0]) as picture:
        assert "huanhua regions: " in picture.info["parameters"]
    assert any("A1111 draws another picture" in note for note in found.notes)


def test_a_study_with_regions_beside_the_old_one(tmp_path: Path, parser: FakeParser) -> None:
    old = impossible(tmp_path / "old")
    searched(old)
    text = (tmp_path / "old" / "study.yaml").read_text()
    new = study_with_regions(old, text, tmp_path / "new")
    assert [lora.region for lora in new.spec.loras.values()] == ["auto"] * 3
    assert (tmp_path / "old" / "study.yaml").read_text() == text
    again = opened_on(tmp_path / "new", FakeWorld(SIZE, painted))
    assert again.everywhere.find_image(Job(SEED, again.start), alone=True) is not None, "the locked image is not drawn again"
    searched(again)
    assert all(job.regions is not None for job in drawn(again)), "calibration is not drawn again"


def test_no_lora_is_left_to_give_a_region(tmp_path: Path, parser: FakeParser) -> None:
    study = regional(tmp_path / "old", face="auto", dress="auto", shoes="auto")
    with pytest.raises(InputError, match="no LoRA of the study can be given a region"):
        study_with_regions(study, (tmp_path / "old" / "study.yaml").read_text(), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_the_verb_takes_one_way_to_a_new_study(tmp_path: Path) -> None:
    fake_study(tmp_path / "old", size=SIZE)
    words = ["run", str(tmp_path / "old"), "--fork", str(tmp_path / "a"), "--regions", str(tmp_path / "b")]
    result = CliRunner().invoke(app, words)
    assert isinstance(result.exception, InputError)
    assert not (tmp_path / "a").exists()
