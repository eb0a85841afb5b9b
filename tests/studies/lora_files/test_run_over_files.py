"""A study whose dress is three files: what is drawn and found, how it is told, and what another list of files does to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from models.errors import InputError
from optimizer.point import Job
from optimizer.render.decode import NotDrawn
from optimizer.testing.fake_renderer import FakeRenderer
from scorers.testing.fake_observer import FakeObserver, Shown
from studies.derive.fork import _valid_trials
from studies.export.export import pick_infotext
from studies.export.recommended_weights import recommended_weights
from studies.grid.parse import parse_axis
from studies.report.lookbook import book_of
from studies.report.verdict import describe
from studies.run.calibration import calibrate
from studies.run.ladders import file_labels
from studies.run.outcome import Outcome
from studies.run.scouting import lock
from studies.run.stored_results import stored
from studies.run.trials import trial_store_of
from studies.study import Study
from studies.testing.lab_study import SPEC, run, study_of
from studies.tracking.memory import MemoryTracker

SHOWS = {"d-1": 0.5, "d-2": 0.9, "d": 1.0, "d-3": 0.95}
"""What a unit of the dress's weight shows by each file; the last one breaks the hands wherever it is on at 0.15 and more."""


@dataclass
class FilePainter(FakeRenderer):
    """Red is how much of the dress shows, green the shoes' weight, blue broken hands."""

    hashes: Mapping[str, str] = field(default_factory=dict)

    def render(self, jobs: Sequence[Job]) -> list[Image.Image | NotDrawn]:
        painted = []
        for job in jobs:
            weight, label = job.point.weights.get("dress", 0.0), job.point.files.get("dress", "d")
            breaks = 1.0 if label == "d" and weight >= 0.15 and "shoes" in job.point.weights else 0.0
            shown = {"dress": SHOWS[label] * weight, "shoes": job.point.weights.get("shoes", 0.0), "zz": breaks}
            self.calls.append((job.seed, job.point))
            painted += FakeRenderer().render([replace(job, point=replace(job.point, weights=shown))])
        return painted

    def identity(self) -> Mapping[str, Any]:
        return {"base": "b" * 64, "loras": dict(self.hashes)}


def seen(image: Image.Image) -> Shown:
    pixel = image.convert("RGB").getpixel((0, 0))
    assert isinstance(pixel, tuple)
    return Shown(clothing=pixel[0] / 255, shoes=pixel[1] / 255, hands=pixel[2] / 255)


def study_with(folder: Path, files: str | list[str], digests: Mapping[str, str] | None = None) -> Study:
    """`digests` are those of files by name, their names by default."""
    names = [files] if isinstance(files, str) else files
    loras = {**SPEC["loras"], "dress": {**SPEC["loras"]["dress"], "file": files, "start": 0.1}}
    search = {"require": {"dress": 0.4, "shoes": 0.4}, "sampler": "least-weight", "robustness": 0, "step": 0.1, "trials": 30}
    sections = {**SPEC, "loras": loras, "search": search}
    known = {name: (digests or {}).get(name, name) for name in names}
    keys = {"dress": known[names[-1]], "shoes": "s"} | {f"dress@{Path(n).stem}": known[n] for n in names[:-1]}
    return study_of(sections, folder, renderer=FilePainter(hashes=keys), observer=FakeObserver(seen))


THREE = ["d-1.safetensors", "d-2.safetensors", "d.safetensors"]
FOUR = ["d-1.safetensors", "d-2.safetensors", "d-3.safetensors", "d.safetensors"]


def searched(study: Study, tracker: MemoryTracker | None = None) -> Outcome:
    lock(study, [7])
    return run(study, budget=30, tracker=tracker)


def test_the_file_that_needs_least_is_found_and_told(tmp_path: Path) -> None:
    study, tracker = study_with(tmp_path, THREE), MemoryTracker()
    outcome = searched(study, tracker)
    assert outcome.pick is not None
    assert outcome.pick.point.files == {"dress": "d-2"}
    assert outcome.pick.point.weights["dress"] == 0.5
    record = outcome.record(outcome.pick)
    assert record.as_json()["files"] == {"dress": "d-2"}
    assert "dress 0.50 (d-2)" in "\n".join(describe(outcome))
    assert "a coordinate minimum at these files (dress d-2): no single step down is possible" in "\n".join(describe(outcome))
    stored_params = {trial.number: trial.params for trial in trial_store_of(study, 7).finished()}
    assert stored_params[record.number]["dress.file"] == "d-2"
    assert tracker.trials[7, record.number].params["file.dress"] == "d-2"
    assert {run.params["file.dress"] for run in tracker.trials.values()} >= {"d-2", "d"}


def test_it_is_shown_exported_and_recommended_by_the_name_of_its_file(tmp_path: Path) -> None:
    study = study_with(tmp_path, THREE)
    outcome = searched(study)
    info = pick_infotext(study, outcome)
    assert set(info.loras) == {"d-2", "s"}
    assert info.lora_hashes["d-2"] == study.lora_facts["dress@d-2"].hash
    (dress, shoes) = recommended_weights(study, [outcome])
    assert (dress.file, dress.weight, shoes.file) == ("d-2", 0.5, "")
    book = book_of(study, blurred=True)
    (dial,) = [slider for slider in book.sliders if slider.name == "dress.file"]
    assert dial.labels == ("d-1", "d-2", "d")
    (page,) = book.seeds
    assert page.pick is not None
    assert page.trials[page.pick].files == {"dress": "d-2"}
    assert page.trials[page.pick].at[-1] == 1


def test_an_interrupted_search_and_a_second_look_find_the_same(tmp_path: Path) -> None:
    outcome = searched(study_with(tmp_path, THREE))
    again = study_with(tmp_path, THREE)
    assert [t.judged for t in stored(again, 7).outcome.trials] == [t.judged for t in outcome.trials]
    resumed = run(again, budget=30)
    assert resumed.pick == outcome.pick
    assert not again.backend.renderer.calls  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("files", "digests", "difference"),
    [
        (FOUR, {}, r"LoRA dress, file d-3 was nothing and is 'd-3.safetensors"),
        (["d-1.safetensors", "d.safetensors"], {}, r"LoRA dress, file d-2 was 'd-2.safetensors .*' and is nothing"),
        (THREE, {"d-1.safetensors": "other"}, r"LoRA dress, file d-1 was 'd-1.saf.* and is 'd-1.safetensors \(other\)'"),
        ("d.safetensors", {}, r"search of dress.file was 'd-1, d-2, d' and is nothing"),
    ],
    ids=["added", "removed", "changed", "one left"],
)
def test_another_list_of_files_is_named(
    tmp_path: Path, files: str | list[str], digests: Mapping[str, str], difference: str
) -> None:
    searched(study_with(tmp_path, THREE))
    with pytest.raises(InputError, match=difference):
        run(study_with(tmp_path, files, digests), budget=30)


def test_a_fork_keeps_what_the_files_still_draw(tmp_path: Path) -> None:
    """An added file takes nothing away, though it is the last; of a removed one its trials are left out."""
    outcome = searched(study_with(tmp_path / "one", THREE))
    by_file = [t.files["dress"] for t in outcome.trials]
    added, removed = (study_with(tmp_path / "one", files) for files in (FOUR, ["d-2.safetensors", "d.safetensors"]))
    for study, kept in ((added, len(by_file)), (removed, sum(label != "d-1" for label in by_file))):
        assert len(_valid_trials(study, 7, trial_store_of(study, 7))) == kept


def test_a_well_trained_last_file_costs_one_image_more(tmp_path: Path) -> None:
    three, one = study_with(tmp_path / "three", THREE), study_with(tmp_path / "one", "d.safetensors")
    for study in (three, one):
        calibrate(study, 7)
    calls = [len(study.backend.renderer.calls) for study in (three, one)]  # type: ignore[attr-defined]
    assert calls[0] == calls[1] + 1
    assert file_labels(three, "dress") == ("d-1",)


def test_where_an_earlier_file_shows_more_its_neighbours_are_drawn_and_its_image_is_the_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [f"d-{number}.safetensors" for number in (1, 2, 3)] + ["d.safetensors"]
    monkeypatch.setattr("tests.studies.lora_files.test_run_over_files.SHOWS", {"d-1": 0.5, "d-2": 0.8, "d-3": 0.9, "d": 0.4})
    study = study_with(tmp_path, files)
    calibrated = calibrate(study, 7)
    assert set(file_labels(study, "dress")) == {"d-1", "d-2", "d-3"} - (
        {"d-1"} if len(file_labels(study, "dress")) == 2 else set()
    )
    assert any("shows more by d-3" in note for note in calibrated.notes())
    judge = calibrated.judge
    (ladder,) = [one for one in calibrated.ladders if one.lora == "dress"]
    best = max(ladder.files, key=lambda step: step.raw)
    assert judge.scores(best.seen.observation).expression["dress"] == pytest.approx(1.0, abs=0.01)


def test_axes_of_files(tmp_path: Path) -> None:
    spec = study_with(tmp_path, THREE).spec
    axis = parse_axis("dress.file=d-1,d.safetensors", spec)
    assert axis.labels == ("dress d-1", "dress d")
    start = spec.start()
    assert [axis.place(7, start, i)[1].files for i in (0, 1)] == [{"dress": "d-1"}, {}]
    assert axis.a1111(lambda name, weight: "") == ("Prompt S/R", ("<lora:d-1:", "<lora:d:"))
    assert parse_axis("dress.file=", spec).labels == ("dress d-1", "dress d-2", "dress d")
    with pytest.raises(InputError, match=r"dress has no file d-9: .*; name one of: d-1, d-2, d"):
        parse_axis("dress.file=d-9", spec)
    with pytest.raises(InputError, match=r"no axis 'shoes.file': .*; use one of: dress.file"):
        parse_axis("shoes.file=s", spec)
