"""LoRAs without reference photos: their preview picture, or images of themselves alone, and that users see which."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from models.base.sd15 import SD15
from models.boxes import ShareBox
from models.errors import InputError
from models.lora_kinds import ScoredKind
from models.testing.loras import save_small_lora
from scorers.observe.references import References
from scorers.observe.window_observer import LACKS
from scorers.testing.fake_observer import FakeObserver, Shown
from studies.cli.app import app
from studies.derive.swap import swap_lora
from studies.doctor.validate import IN_THE_MIDDLE, validate_study
from studies.references.close_ups import close_ups_lacking, draw_close_ups
from studies.references.pictures import reference_pictures
from studies.references.references import references_for, references_of
from studies.references.source import CLOSE_UP_SEEDS, OWN_LOOK, preview_of, source_of, sources_of
from studies.report.inputs import inputs_of
from studies.report.log import seed_params
from studies.report.verdict import describe
from studies.run.calibration import calibrate, calibration_images, missing_calibration
from studies.run.seed_search import run_seed
from studies.study import Study
from studies.testing.fake_study import FakeWorld, fake_study, opened_on
from studies.testing.lab_study import fake_backend
from studies.tracking.memory import MemoryTracker


def without_photos(folder: Path) -> Study:
    """A fake study whose dress has no reference photos."""
    study = fake_study(folder)
    file = folder / "study.yaml"
    text = file.read_text(encoding="utf-8")
    line = "kind: clothing, references: photos, "
    assert line in text
    file.write_text(text.replace(line, "kind: clothing, "), encoding="utf-8")
    return opened_on(folder, world_of(study))


def preview_in(study: Study, name: str = "dress.preview.png") -> Path:
    Image.new("RGB", (8, 12), "red").save(study.root / name)
    return study.root / name


def world_of(study: Study) -> FakeWorld:
    world = fake_backend(study).renderer
    assert isinstance(world, FakeWorld)
    return world


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        ((), None),
        (("dress.png",), "dress.png"),
        (("dress.webp", "dress.preview.jpeg"), "dress.preview.jpeg"),
        (("dress.preview.png", "dress.preview.jpg", "dress.jpg"), "dress.preview.png"),
        (("other.png", "dress.civitai.info", "dress2.png"), None),
    ],
)
def test_the_preview_is_what_others_name_so(tmp_path: Path, there: tuple[str, ...], taken: str | None) -> None:
    for name in there:
        (tmp_path / name).touch()
    found = preview_of(tmp_path / "dress.safetensors")
    assert (None if found is None else found.name) == taken


def test_a_preview_stands_in_for_photos_and_nothing_is_drawn(tmp_path: Path) -> None:
    study = without_photos(tmp_path / "a")
    preview = preview_in(study)
    assert sources_of(study) == {"face": "photos", "dress": "preview", "shoes": "photos"}
    assert references_of(study)["dress"].kind == "clothing"
    assert [file for file, _ in reference_pictures(study, "dress").open()] == [preview]
    assert world_of(study).drawn == []


def test_without_a_preview_the_lora_is_drawn_alone_at_full_weight_and_once(tmp_path: Path) -> None:
    study = without_photos(tmp_path / "a")
    with pytest.raises(InputError, match="no image of it alone is drawn yet"):
        references_of(study)
    before = calibration_images(study)
    drawn_images: list[int] = []
    draw_close_ups(study, lambda: drawn_images.append(1))
    drawn = world_of(study).drawn
    assert [job.seed for job in drawn] == list(CLOSE_UP_SEEDS)
    assert all(job.point.weights == {"dress": 1.0} for job in drawn)
    assert all("testdress" in (job.point.prompt or "") and "myshoes" not in (job.point.prompt or "") for job in drawn)
    assert len(drawn_images) == len(CLOSE_UP_SEEDS) == before - calibration_images(study)
    assert len(reference_pictures(study, "dress").open()) == len(CLOSE_UP_SEEDS)
    for image in study.workspace.images.glob("*.png"):
        image.unlink()
    draw_close_ups(study, lambda: drawn_images.append(1))
    assert len(world_of(study).drawn) == len(CLOSE_UP_SEEDS), "they outlive the cache"
    assert references_of(study)["dress"].kind == "clothing"


def test_a_killed_drawing_goes_on(tmp_path: Path) -> None:
    study = without_photos(tmp_path / "a")
    draw_close_ups(study, lambda: None)
    kept = sorted((study.workspace.root / "close-ups").iterdir())
    kept[0].unlink()
    for image in study.workspace.images.glob("*.png"):
        image.unlink()
    draw_close_ups(study, lambda: None)
    assert len(world_of(study).drawn) == len(CLOSE_UP_SEEDS) + 1
    assert sorted((study.workspace.root / "close-ups").iterdir()) == kept


def test_another_lora_file_gets_close_ups_of_its_own(tmp_path: Path) -> None:
    study = without_photos(tmp_path / "a")
    draw_close_ups(study, lambda: None)
    first = reference_pictures(study, "dress").content
    world = world_of(study)
    (study.root / "dress.safetensors").write_text("another")
    other = opened_on(study.root, OtherLora(world.size))
    draw_close_ups(other, lambda: None)
    assert reference_pictures(other, "dress").content != first


class OtherLora(FakeWorld):
    def identity(self) -> dict[str, str]:
        return {"loras.dress": "another"}


@pytest.mark.parametrize("source", ["preview", "close-ups"])
def test_run_show_and_score_report_which_was_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    study = without_photos(tmp_path / "a")
    if source == "preview":
        preview_in(study)
    assert bool(len(missing_calibration(study, 7) & close_up_places(study))) == (source == "close-ups")
    judge = calibrate(study, 7).judge
    assert not missing_calibration(study, 7)
    outcome = run_seed(study, 7, judge=judge, budget=5, tracker=MemoryTracker(), on_trial=lambda event: None)
    assert outcome.as_json()["references"] == {"face": "photos", "dress": source, "shoes": "photos"}
    assert seed_params(study, 7)["references.dress"] == source
    assert ("references dress" in {entry.name for entry in inputs_of(study)}) == (source == "preview")
    drawn = len(world_of(study).drawn)
    monkeypatch.setattr("studies.cli.show.open_study", lambda path, workspace, *seeds: study)
    shown = CliRunner().invoke(app, ["show", str(study.root)])
    lines = [line for line in shown.stdout.splitlines() if "references" in line]
    assert len(lines) == 1
    assert "dress" in lines[0]
    assert OWN_LOOK in lines[0]
    assert ("no preview picture" in lines[0]) == (source == "close-ups")
    assert len(world_of(study).drawn) == drawn
    monkeypatch.setattr("studies.cli.score.open_study", lambda path, workspace, *seeds: study)
    found = CliRunner().invoke(app, ["score", str(outcome.trials[0].image), "--study", str(study.root), "--json"])
    assert json.loads(found.stdout)["references"]["dress"] == source


def close_up_places(study: Study) -> set[Path]:
    return {study.evaluator.place(job) for job in close_ups_lacking(study)}


def test_with_photos_nothing_is_reported(tmp_path: Path) -> None:
    study = fake_study(tmp_path / "a")
    judge = calibrate(study, 7).judge
    outcome = run_seed(study, 7, judge=judge, budget=5, tracker=MemoryTracker(), on_trial=lambda event: None)
    assert not any("references" in line for line in describe(outcome))


class Blind(FakeObserver):
    """Finds nothing in any reference."""

    def references_of(self, images: object, kind: ScoredKind, boxes: Sequence[ShareBox] | None = None) -> References:
        return References(kind, ())


def test_a_preview_that_does_not_show_it_is_refused_with_a_way_out(tmp_path: Path) -> None:
    study = without_photos(tmp_path / "a")
    preview = preview_in(study)
    fake_backend(study).observing = Blind(lambda image: Shown())
    with pytest.raises(InputError, match="no clothing found in the preview picture") as caught:
        references_for(study, "dress")
    assert str(preview) in str(caught.value)
    with pytest.raises(InputError, match="in any reference photo"):
        references_for(study, "shoes")
    preview.unlink()
    draw_close_ups(study, lambda: None)
    with pytest.raises(InputError, match="none of its images alone at full weight shows"):
        references_for(study, "dress")


def test_a_broken_preview_is_named(tmp_path: Path) -> None:
    study = without_photos(tmp_path / "a")
    preview_in(study).write_bytes(b"no picture")
    with pytest.raises(InputError, match="not a JPEG, PNG, WebP"):
        references_for(study, "dress")


def test_the_next_dress_needs_no_photos_where_the_old_one_had_none(tmp_path: Path) -> None:
    study = without_photos(tmp_path / "old")
    text = (study.root / "study.yaml").read_text(encoding="utf-8")
    file = lora_in(study.root)
    made = swap_lora(study, text, "dress", file, tmp_path / "new", references=None, trigger=None)
    assert made.spec.loras["dress"].references is None
    assert source_of(made, "dress") == "close-ups"
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (64, 96)).save(tmp_path / "photos" / "coat.png")
    made = swap_lora(study, text, "dress", file, tmp_path / "named", references=tmp_path / "photos", trigger=None)
    assert made.spec.loras["dress"].references == "../photos"
    assert made.spec.loras["dress"].file == "../old/coat.safetensors"


def lora_in(folder: Path) -> Path:
    return save_small_lora(folder / "coat.safetensors")


def fake_models(loras: dict[str, Any]) -> Any:
    """As much of `LocalModels` as validation reads."""
    base = SimpleNamespace(factor=8, hash="0", name="base", family=SD15())
    checks = {"check_prompts": lambda prompts: None, "check_folds": lambda: None}
    return SimpleNamespace(base=base, loras=loras, embeddings={}, observer=FakeObserver(), **checks)


def test_validate_reports_what_stands_in_and_draws_nothing(tmp_path: Path) -> None:
    study = without_photos(tmp_path / "a")
    world = world_of(study)
    study.models = fake_models({name: SimpleNamespace(hash="0", metadata={}, layers={}, notes=()) for name in study.spec.loras})
    lines = list(validate_study(study))
    assert [line for line in lines if line.startswith("references dress")] == [
        "references dress: no photos and no preview picture, 4 images of it alone at full weight: " + OWN_LOOK
    ]
    preview_in(study)
    lines = list(validate_study(study))
    assert [line for line in lines if line.startswith("references dress")] == [
        "references dress: no photos, its preview picture: " + OWN_LOOK
    ]
    assert "references shoes: 1 photos show it" in lines
    assert world.drawn == []


def test_validate_reports_what_is_unknown_without_a_parser(tmp_path: Path) -> None:
    study = fake_study(tmp_path / "a")
    study.models = fake_models({})
    with_parser = list(validate_study(study))
    assert not any(line.startswith("note ") for line in with_parser)
    file = study.root / "study.yaml"
    text = file.read_text(encoding="utf-8").replace("parts: {model: parser}", "parts: {model: null}")
    file.write_text(text.replace("judge: hands.onnx", "pose: hands.onnx"), encoding="utf-8")
    study = opened_on(study.root, world_of(study))
    study.models = fake_models({})
    notes = [line for line in validate_study(study) if line.startswith("note ")]
    assert notes == [f"note       {LACKS}", f"note       dress: {IN_THE_MIDDLE}", f"note       shoes: {IN_THE_MIDDLE}"]
