"""A run that ended anywhere goes on: no finished trial lost or doubled, nothing drawn that was drawn before."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from models.errors import InputError
from optimizer.point import Job
from optimizer.render.decode import NotDrawn
from studies.derive.fork import fork_study
from studies.derive.study_yaml import moved
from studies.drawing.identity import differences
from studies.run.calibration import calibrate
from studies.run.seed_search import run_seed
from studies.run.stored_results import stored
from studies.run.trials import stored_outcome, trial_store_of
from studies.spec import read_spec
from studies.study import Study
from studies.testing.dying_renderer import Ended, Mortal
from studies.testing.lab_study import SPEC, run, study_in
from studies.testing.painting_renderer import Painter
from studies.testing.postgres import missing_postgres, postgres
from studies.tracking.memory import MemoryTracker


@dataclass
class Named(Painter):
    """A renderer of another base, prompt, or whatever decides an image."""

    names: Mapping[str, Any] = field(default_factory=dict)

    def identity(self) -> Mapping[str, Any]:
        return self.names


def numbers(study: Study, seed: int = 7) -> list[int]:
    return [entry.number for entry in trial_store_of(study, seed).entries()]


@pytest.mark.parametrize("images", [5, 7, 10, 14])
def test_a_run_that_ended_while_drawing_finds_what_an_undisturbed_one_finds(tmp_path: Path, images: int) -> None:
    undisturbed = run(study_in(tmp_path / "whole"))
    with pytest.raises(Ended):
        run(study_in(tmp_path / "cut", renderer=Mortal(left=images)))
    again = Painter()
    resumed = run(study_in(tmp_path / "cut", renderer=again))
    assert [t.judged for t in resumed.trials] == [t.judged for t in undisturbed.trials]
    assert resumed.pick == undisturbed.pick
    drawn = [(seed, point.key()) for seed, point in again.calls]
    assert len(drawn) == len(set(drawn))
    assert not set(drawn) & {(7, t.judged.point.key()) for t in resumed.trials[: max(0, images - 6)]}


def test_a_run_that_ended_between_queueing_and_asking_goes_on(tmp_path: Path) -> None:
    study = study_in(tmp_path)
    run(study, budget=6)
    trial_store = trial_store_of(study, 7)
    trial_store.study.get().enqueue_trial(study.space.params(study.start))
    trial_store.study.get().ask(study.space.distributions())
    trial_store.study.get().enqueue_trial(study.space.params(study.start))
    outcome = run(study_in(tmp_path), budget=9)
    keys = [t.judged.point.key() for t in outcome.trials]
    assert len(keys) == len(set(keys)) == 9


def test_a_run_that_ended_between_storage_and_tracker_logs_the_trial_later(tmp_path: Path) -> None:
    class Deaf(MemoryTracker):
        def log_trial(self, seed: int, number: int, *rest: Any) -> None:
            if number == 4:
                raise Ended
            super().log_trial(seed, number, *rest)

    tracker = MemoryTracker()
    with pytest.raises(Ended):
        run(study_in(tmp_path), tracker=Deaf())
    outcome = run(study_in(tmp_path), tracker=tracker)
    assert sorted(number for _, number in tracker.trials) == [t.number for t in outcome.trials]


def test_changed_requirements_judge_stored_observations_again_and_draw_nothing(tmp_path: Path) -> None:
    first = run(study_in(tmp_path))
    renderer = Painter()
    lower = study_in(
        tmp_path, renderer=renderer, search={**SPEC["search"], "require": {"dress": 0.2, "shoes": 0.2}, "hands": 0.3}
    )
    judge = calibrate(lower, 7).judge
    again = stored_outcome(lower, 7, judge)
    assert renderer.calls == []
    assert [t.number for t in again.trials] == [t.number for t in first.trials]
    assert first.pick
    assert again.pick
    assert again.pick.cost < first.pick.cost


def test_a_finished_trial_is_not_drawn_again_when_its_image_left_the_cache(tmp_path: Path) -> None:
    first = run(study_in(tmp_path))
    for trial in first.trials[3:]:
        trial.image.unlink()
    renderer = Painter()
    study = study_in(tmp_path, renderer=renderer)
    judge = calibrate(study, 7).judge
    assert stored_outcome(study, 7, judge) == replace(first, stopped="")
    assert renderer.calls == []
    assert all(t.image.exists() for t in first.trials)


@pytest.mark.parametrize(
    ("changed", "difference"),
    [
        ({"base": "b" * 64}, "base was 'base.safetensors (aaaaaaaaaaaa)' and is 'base.safetensors (bbbbbbbbbbbb)'"),
        ({"loras": {"dress": "e" * 64}}, "LoRA dress was 'd.safetensors (dddddddddddd)' and is 'd.safetensors (eeeeeeeeeeee)'"),
        ({"frame": {"prompt": "1girl, red dress"}}, "prompt was '1girl, pink dress' and is '1girl, red dress'"),
        ({"frame": {"sampler": "Euler"}}, "sampler was 'DPM++ SDE' and is Euler"),
        ({"fixed": {"detail": 0.6}}, "fixed weight of detail was 0.5 and is 0.6"),
        ({"dtype": "float16"}, "dtype was float32 and is float16"),
    ],
)
def test_what_decides_an_image_may_not_change(tmp_path: Path, changed: dict[str, Any], difference: str) -> None:
    identity: dict[str, Any] = {
        "base": "a" * 64,
        "loras": {"dress": "d" * 64},
        "frame": {"prompt": "1girl, pink dress", "sampler": "DPM++ SDE"},
        "fixed": {"detail": 0.5},
        "dtype": "float32",
    }
    run(study_in(tmp_path, renderer=Named(names=identity)), budget=6)
    merged = {k: {**v, **changed.get(k, {})} if isinstance(v, dict) else changed.get(k, v) for k, v in identity.items()}
    renderer = Named(names=merged)
    with pytest.raises(InputError) as refused:
        run(study_in(tmp_path, renderer=renderer), budget=8)
    assert difference in refused.value.what
    assert "--fork" in refused.value.mend
    assert renderer.calls == []
    assert len(numbers(study_in(tmp_path))) == 6


def test_another_scorer_and_another_grid_are_refused_by_name(tmp_path: Path) -> None:
    run(study_in(tmp_path), budget=6)
    scorers = {**SPEC["scorers"], "garment": {"model": "ViT-B-32", "pretrained": "openai"}}
    with pytest.raises(InputError, match="scorer garment was 'ViT-L-14 openai by parts 1' and is 'ViT-B-32 openai by parts 1'"):
        run(study_in(tmp_path, scorers=scorers))
    with pytest.raises(InputError, match=r"search of dress was '0 to 1 by 0.05' and is '0 to 1 by 0.1'"):
        run(study_in(tmp_path, search={**SPEC["search"], "step": 0.1}))


def test_calibrating_a_seed_makes_no_stored_study_of_it(tmp_path: Path) -> None:
    study = study_in(tmp_path)
    calibrate(study, 7)
    assert not (tmp_path / "workspace" / "optuna.db").exists()


def test_trials_of_before_conditions_were_kept_are_refused_in_one_line(tmp_path: Path) -> None:
    study = study_in(tmp_path)
    run(study, budget=6)
    trial_store_of(study, 7).attributes.set_fingerprint({})
    with pytest.raises(InputError, match=r"made by an older version.*--fork"):
        run(study_in(tmp_path))


def test_what_was_made_otherwise_is_refused_when_it_is_shown_too(tmp_path: Path) -> None:
    run(study_in(tmp_path, renderer=Named(names={"base": "a" * 64})), budget=6)
    with pytest.raises(InputError, match="made otherwise"):
        stored(study_in(tmp_path, renderer=Named(names={"base": "b" * 64})), 7)


def test_an_image_that_left_the_cache_is_shown_from_its_copy(tmp_path: Path) -> None:
    first = run(study_in(tmp_path))
    for trial in first.trials[3:]:
        trial.image.unlink()
    renderer = Painter()
    assert stored(study_in(tmp_path, renderer=renderer), 7).outcome == replace(first, stopped="")
    assert renderer.calls == []


def test_only_the_place_where_long_prompts_differ_is_shown() -> None:
    long = "best quality, " * 20
    (line,) = differences({"prompt": (long + "pink", long + "pink")}, {"prompt": (long + "red", long + "red")})
    assert "pink" in line
    assert "red" in line
    assert len(line) < 120


def test_a_fork_starts_from_the_trials_that_hold_and_draws_none_of_them(tmp_path: Path) -> None:
    old = study_in(tmp_path / "old")
    first = run(old, budget=12)
    text = json.dumps({**SPEC, "search": {**SPEC["search"], "step": 0.1}})
    changed = study_in(tmp_path / "old", search={**SPEC["search"], "step": 0.1})
    made, counts = fork_study(changed, text, tmp_path / "new")
    on_grid = [t for t in first.trials if all(round(w * 10, 6).is_integer() for w in t.judged.point.weights.values())]
    assert counts == {7: len(on_grid), 8: 0}
    assert 0 < len(on_grid) < len(first.trials)
    assert made.spec.name == "new"
    renderer = Painter()
    forked = study_in(tmp_path / "new", renderer=renderer, name="new", search={**SPEC["search"], "step": 0.1})
    outcome = run(forked, budget=12)
    assert [t.judged.point for t in outcome.trials[: counts[7]]] == [t.judged.point for t in on_grid]
    assert not {p.key() for _, p in renderer.calls} & {t.judged.point.key() for t in on_grid}
    assert [t.judged.point for t in run(forked, budget=12).trials] == [t.judged.point for t in outcome.trials]
    assert len(numbers(study_in(tmp_path / "old"))) == 12


def test_a_fork_of_another_base_carries_nothing(tmp_path: Path) -> None:
    run(study_in(tmp_path / "old", renderer=Named(names={"base": "a"})), budget=6)
    _, counts = fork_study(study_in(tmp_path / "old", renderer=Named(names={"base": "b"})), json.dumps(SPEC), tmp_path / "new")
    assert counts == {7: 0, 8: 0}


def test_a_fork_into_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "a").touch()
    with pytest.raises(InputError, match="something already"):
        fork_study(study_in(tmp_path / "old"), json.dumps(SPEC), tmp_path / "new")


def test_a_forked_study_file_keeps_its_comments_and_finds_its_files(tmp_path: Path) -> None:
    (tmp_path / "old" / "loras").mkdir(parents=True)
    (tmp_path / "old" / "loras" / "d.safetensors").touch()
    text = """# mine
name: outfit  # its name
base: {checkpoint: hub/name}
prompt: a
loras:
  dress: {file: loras/d.safetensors, kind: other, fixed: 0.5}  # the dress
  shoes: {file: gone.safetensors, kind: shoes, references: s}
scorers: {hands: {judge: h.onnx}}
"""
    (tmp_path / "new").mkdir()
    file = tmp_path / "new" / "study.yaml"
    file.write_text(moved(text, tmp_path / "old", tmp_path / "new", "new"), encoding="utf-8")
    assert "# the dress" in file.read_text(encoding="utf-8")
    spec = read_spec(file)
    assert (spec.name, spec.base.checkpoint) == ("new", "hub/name")
    assert (file.parent / spec.loras["dress"].last).exists()
    assert spec.loras["shoes"].file == "gone.safetensors"


def test_nothing_is_stored_after_another_runner_took_over(tmp_path: Path) -> None:
    study = study_in(tmp_path)
    judge = calibrate(study, 7).judge
    asked = 0

    def may_write() -> None:
        nonlocal asked
        asked += 1
        if asked > 5:
            raise InputError("this study was taken over", "outfit", "let that one go on")

    with pytest.raises(InputError, match="taken over"):
        run_seed(study, 7, judge=judge, budget=12, tracker=MemoryTracker(), on_trial=lambda event: None, may_write=may_write)
    assert numbers(study) == [0, 1]


@pytest.mark.slow
def test_a_database_server_that_is_restarted_in_mid_study_loses_and_doubles_nothing(tmp_path: Path) -> None:
    if reason := missing_postgres():
        pytest.skip(reason)
    with postgres() as server:

        @dataclass
        class Restarting(Painter):
            def render(self, jobs: Sequence[Job]) -> list[Image.Image | NotDrawn]:
                if len(self.calls) in (14, 17):
                    server.stop("immediate")
                    server.start()
                return super().render(jobs)

        tracking = {"storage": server.url}
        outcome = run(study_in(tmp_path / "shared", renderer=Restarting(), tracking=tracking))
        assert outcome == run(study_in(tmp_path / "shared", tracking=tracking))
    undisturbed = run(study_in(tmp_path / "own"))
    assert [t.judged for t in outcome.trials] == [t.judged for t in undisturbed.trials]
