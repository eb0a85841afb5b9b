"""Schedules of a study: what study.yaml says of them, what is drawn by them, and that trials are of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from models.errors import InputError
from optimizer.point import Job
from optimizer.schedules.schedule import Schedule
from optimizer.search.searched_schedules import VALUES
from studies.derive.fork import fork_study
from studies.export.export import export_to
from studies.export.recommended_weights import recommended_weights
from studies.model_facts import facts_source
from studies.pipeline import run_study
from studies.report.lookbook import book_of
from studies.report.verdict import describe
from studies.run.compatibility import check_compatible, fingerprint
from studies.run.outcome import Outcome
from studies.run.transfer import earlier_trials
from studies.run.trials import trial_store_of
from studies.schedules.words import fixed_schedules
from studies.spec import read_spec
from studies.study import Study
from studies.testing.fake_study import FakeWorld, drawn, fake_study, opened_on
from studies.tracking.memory import MemoryTracker

SIZE = 64, 96
SEED = 7


def written(folder: Path, schedules: Mapping[str, Any] | None = None, search: Mapping[str, Any] | None = None) -> Path:
    """The fake study's file with these schedules of LoRAs, and `search.schedule`."""
    if not (folder / "study.yaml").exists():
        fake_study(folder, size=SIZE)
    content = yaml.safe_load((folder / "study.yaml").read_text())
    for name, schedule in (schedules or {}).items():
        content["loras"][name]["schedule"] = schedule
    if search is not None:
        content["search"]["schedule"] = search
    (folder / "study.yaml").write_text(yaml.safe_dump(content))
    return folder / "study.yaml"


def scheduled(folder: Path, schedules: Mapping[str, Any] | None = None, search: Mapping[str, Any] | None = None) -> Study:
    written(folder, schedules, search)
    return opened_on(folder, FakeWorld(SIZE))


def searched(study: Study, tracker: MemoryTracker | None = None, trials: int = 6) -> Outcome:
    (outcome,) = run_study(study, [SEED], trials=trials, tracker=tracker or MemoryTracker())
    return outcome


@pytest.mark.parametrize(
    ("schedules", "search", "said"),
    [
        ({"dress": [0.5, 0.5]}, None, "schedule must rise, not 0.5 to 0.5"),
        ({"dress": [0.8, 0.2]}, None, "schedule must rise, not 0.8 to 0.2"),
        ({"dress": [0, 1.5]}, None, "loras.dress.schedule"),
        ({"dress": [-0.1, 1]}, None, "loras.dress.schedule"),
        ({"dress": [0.01, 0.04]}, None, "falls between two of the 20 steps, so that it never acts"),
        (None, {"hat": ["start"]}, "search.schedule names hat, which is no searched LoRA (dress, face, shoes)"),
        (None, {"dress": []}, "search.schedule.dress: name start, end, or both, each once"),
        (None, {"dress": ["start", "start"]}, "search.schedule.dress: name start, end, or both, each once"),
        (None, {"dress": ["middle"]}, "search.schedule.dress"),
        ({"dress": [0.3, 1]}, {"dress": ["start"]}, "moves the start among 0, 0.25, 0.5, but its schedule has 0.3"),
    ],
)
def test_bad_schedules_are_refused_in_one_line(tmp_path: Path, schedules: Any, search: Any, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read_spec(written(tmp_path, schedules, search))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_fixed_lora_is_not_moved_and_too_few_steps_are_refused(tmp_path: Path) -> None:
    written(tmp_path, None, {"dress": ["end"]})
    content = yaml.safe_load((tmp_path / "study.yaml").read_text())
    content["loras"]["dress"]["fixed"] = 0.5
    del content["search"]["require"]["dress"]
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(InputError, match=r"search.schedule names dress, which is no searched LoRA \(face, shoes\)"):
        read_spec(tmp_path / "study.yaml")
    few = tmp_path / "few"
    written(few, {"dress": [0.25, 1]}, {"dress": ["end"]})
    content = yaml.safe_load((few / "study.yaml").read_text())
    content["render"]["steps"] = 2
    (few / "study.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(InputError, match=r"search.schedule.dress: render.steps 2 are too few to end at 0.5"):
        read_spec(few / "study.yaml")


def test_another_program_that_draws_is_refused(tmp_path: Path) -> None:
    written(tmp_path, {"dress": [0.25, 1]})
    content = yaml.safe_load((tmp_path / "study.yaml").read_text())
    content["draw"] = {"with": "webui", "url": "http://127.0.0.1:7860"}
    del content["render"]["device"]
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(InputError, match=r"loras.dress.schedule: only huanhua itself draws a LoRA in some of the steps"):
        read_spec(tmp_path / "study.yaml")


def test_a_study_without_schedules_has_the_keys_and_the_fingerprint_that_it_had(tmp_path: Path) -> None:
    plain, whole = scheduled(tmp_path / "plain"), scheduled(tmp_path / "whole", {"dress": [0, 1]})
    assert whole.start == plain.start
    assert whole.space == plain.space
    assert fingerprint(whole) == fingerprint(plain)
    places = [study.evaluator.place(Job(SEED, study.start)).name for study in (plain, whole)]
    assert places[0] == places[1]
    sources = [facts_source(study.spec, study.root) for study in (plain, whole)]
    assert sources[0].keys() == sources[1].keys()


def test_trials_are_drawn_by_the_schedule_and_what_calibrates_in_all_steps(tmp_path: Path) -> None:
    tracker = MemoryTracker()
    study = scheduled(tmp_path, {"dress": [0.25, 0.75]})
    outcome = searched(study, tracker)
    calibrating = [job.point for job in drawn(study)[:-6]]
    trials = [record.judged.point for record in outcome.trials]
    assert all(not point.schedules for point in calibrating)
    assert study.locked in calibrating
    assert all(point.schedules == {"dress": Schedule(0.25, 0.75)} for point in trials if point.weights["dress"])
    record = outcome.trials[0]
    weights = record.judged.point.weights
    assert record.judged.cost == pytest.approx(weights["face"] + weights["dress"] / 2 + weights["shoes"])
    assert "dress 0.60 [25-75%]" in record.weights_line()
    assert record.params()["schedule.dress"] == "0.25 to 0.75"
    assert record.as_json()["schedules"] == {"dress": [0.25, 0.75]}
    assert any("dress in 25% to 75% of the steps" in line for line in describe(outcome))
    assert tracker.seeds[SEED].params["schedule.dress"] == "0.25 to 0.75"
    assert ("Schedules", "dress: 25% to 75% of the steps") in book_of(study, blurred=True).settings


def test_a_search_moves_the_ends_and_stores_them(tmp_path: Path) -> None:
    study = scheduled(tmp_path, None, {"dress": ["end", "start"], "shoes": ["end"]})
    outcome = searched(study, trials=12)
    stored = trial_store_of(study, SEED).finished()
    assert {"dress.start", "dress.end", "shoes.end"} < set(stored[0].params)
    assert {trial.params["dress.start"] for trial in stored} <= set(VALUES["start"])
    assert len({record.judged.point.schedules.get("dress") for record in outcome.trials}) > 1
    again = opened_on(tmp_path, FakeWorld(SIZE))
    assert [r.judged.point for r in searched(again, trials=12).trials] == [r.judged.point for r in outcome.trials]
    assert drawn(again) == []
    book = book_of(again, blurred=True)
    assert [slider.name for slider in book.sliders][-3:] == ["dress.start", "dress.end", "shoes.end"]
    assert all(len(trial.at) == len(book.sliders) for trial in book.seeds[0].trials)
    assert ("Schedules", "dress: start and end are searched, shoes: the end is searched") in book.settings


def test_trials_of_another_schedule_are_neither_continued_nor_learned_from(tmp_path: Path) -> None:
    first = scheduled(tmp_path, {"dress": [0.25, 0.75]})
    searched(first)
    changed = scheduled(tmp_path, {"dress": [0.5, 1]})
    with pytest.raises(InputError, match=r"schedule of dress was '0.25 to 0.75' and is '0.5 to 1'"):
        check_compatible(changed, SEED, trial_store_of(changed, SEED))

    def learned(study: Study) -> int:
        return sum(map(len, earlier_trials(study, "", f"{study.spec.name}-seed-", study.storage_url, study.require())))

    assert learned(scheduled(tmp_path, {"dress": [0.25, 0.75]})) == 6
    assert learned(changed) == sum(not record.params["dress"] for record in trial_store_of(changed, SEED).finished())


def test_a_fork_takes_over_what_was_drawn_by_the_same_schedules(tmp_path: Path) -> None:
    study = scheduled(tmp_path / "old", {"face": [0.25, 1]}, {"dress": ["start"]})
    searched(study, trials=12)
    text = (tmp_path / "old" / "study.yaml").read_text()
    _, kept = fork_study(study, text, tmp_path / "new")
    assert kept == {SEED: 12}
    changed = scheduled(tmp_path / "old", {"face": [0.5, 1]})
    _, kept = fork_study(changed, (tmp_path / "old" / "study.yaml").read_text(), tmp_path / "other")
    without = [one for one in trial_store_of(study, SEED).finished() if not one.params["face"]]
    assert kept == {SEED: len(without)}


def test_a_fixed_lora_has_its_schedule_in_the_renderers_own(tmp_path: Path) -> None:
    written(tmp_path, {"dress": [0.5, 1]})
    content = yaml.safe_load((tmp_path / "study.yaml").read_text())
    content["loras"]["dress"]["fixed"] = 0.5
    del content["search"]["require"]["dress"]
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(content))
    study = opened_on(tmp_path, FakeWorld(SIZE))
    assert fixed_schedules(study.spec) == {"dress": Schedule(0.5, 1)}
    assert facts_source(study.spec, study.root)["schedules"] == {"dress": "0.5 to 1"}
    assert study.start == study.locked


@pytest.mark.parametrize("to", ["a1111", "diffusers", "lora"])
def test_what_cannot_express_schedules_says_so(tmp_path: Path, to: str) -> None:
    study = scheduled(tmp_path, {"dress": [0.25, 0.75]})
    outcome = searched(study)
    assert outcome.pick is not None
    with pytest.raises(InputError, match=r"some of the steps only \(dress in 25% to 75% of the steps\), which --to .* does not"):
        export_to(study, outcome, to)  # type: ignore[arg-type]
    assert not study.workspace.exports.exists()
    with pytest.raises(InputError, match="their weights hold nowhere else"):
        recommended_weights(study, [outcome])


def test_the_picture_itself_says_when_loras_acted(tmp_path: Path) -> None:
    study = scheduled(tmp_path, {"dress": [0.25, 0.75]})
    found = export_to(study, searched(study), "png")
    with Image.open(found.paths[0]) as picture:
        assert '"huanhua schedules": ' not in picture.info["parameters"]
        assert "huanhua schedules: dress: 0.25 to 0.75" in picture.info["parameters"].replace('"', "")
    assert any("A1111 draws another picture" in note for note in found.notes)


def test_weights_of_a_pick_that_acts_in_all_steps_are_expressed_anywhere(tmp_path: Path) -> None:
    study = scheduled(tmp_path, None, {"dress": ["end"]})
    outcome = searched(study, trials=20)
    assert outcome.pick is not None
    whole = replace(outcome, pick=next(r.judged for r in outcome.trials if not r.judged.point.schedules))
    assert export_to(study, whole, "a1111").paths
