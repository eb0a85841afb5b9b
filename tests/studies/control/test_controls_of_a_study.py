"""ControlNets of a study: what study.yaml says of them, what they are told, and that trials are of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from models.errors import InputError
from models.testing.control.nets import write_named
from optimizer.control.control import Control
from optimizer.point import Job
from optimizer.search.searched_controls import VALUES
from studies.derive.fork import fork_study
from studies.export.export import export_to
from studies.export.recommended_weights import recommended_weights
from studies.grid.parse import parse_axis
from studies.pipeline import run_study
from studies.report.lookbook import book_of
from studies.report.verdict import describe
from studies.run.compatibility import check_compatible, fingerprint
from studies.run.outcome import Outcome
from studies.run.transfer import earlier_trials
from studies.run.trials import trial_store_of
from studies.spec import read_spec
from studies.study import Study
from studies.testing.fake_study import FakeWorld, drawn, fake_study, opened_on
from studies.tracking.memory import MemoryTracker

SIZE = 64, 96
SEED = 7
EDGES = {"model": "net.safetensors", "hint": "canny", "strength": 0.5, "price": 0.2}


def painted(job: Job) -> Image.Image:
    """A box that stands elsewhere at each seed."""
    picture = Image.new("RGB", SIZE, (90, 90, 90))
    picture.paste((220, 30, 60), (10 + job.seed % 20, 30, 40, 80))
    return picture


def written(folder: Path, control: Mapping[str, Any], search: Mapping[str, Any] | None = None, **changes: Any) -> Path:
    """The fake study's file with these ControlNets, and `search.control`."""
    if not (folder / "study.yaml").exists():
        fake_study(folder, size=SIZE)
        write_named(folder / "net.safetensors")
    content = yaml.safe_load((folder / "study.yaml").read_text())
    content["control"] = dict(control)
    if search is not None:
        content["search"]["control"] = search
    (folder / "study.yaml").write_text(yaml.safe_dump({**content, **changes}))
    return folder / "study.yaml"


def controlled(folder: Path, control: Mapping[str, Any], search: Mapping[str, Any] | None = None) -> Study:
    written(folder, control, search)
    return opened_on(folder, FakeWorld(SIZE, painted))


def searched(study: Study, tracker: MemoryTracker | None = None, trials: int = 6) -> Outcome:
    (outcome,) = run_study(study, [SEED], trials=trials, tracker=tracker or MemoryTracker())
    return outcome


@pytest.mark.parametrize(
    ("control", "search", "said"),
    [
        ({"edges": 3}, None, "name ControlNets, such as edges"),
        ({"edges": None}, None, "name ControlNets, such as edges"),
        ({"edges": {**EDGES, "strength": -1}}, None, "control.edges.strength"),
        ({"edges": {**EDGES, "end": 0}}, None, "control.edges.end"),
        ({"edges": {**EDGES, "end": 1.5}}, None, "control.edges.end"),
        ({"edges": {**EDGES, "hint": "scribble"}}, None, "control.edges.hint"),
        ({"edges": {**EDGES, "start": 0.5}}, None, "control.edges.start"),
        ({"edges": {**EDGES, "hint": "depth"}}, None, "hint depth needs detector"),
        ({"edges": {**EDGES, "hint": "pose"}}, None, "hint pose needs a pose model"),
        ({"edges": {**EDGES, "detector": "x.onnx"}}, None, "detector belongs to hint depth or pose"),
        ({"edges": {**EDGES, "price": float("inf")}}, None, "control.edges.price"),
        ({"edges": {**EDGES, "model": ""}}, None, "control.edges.model"),
        ({"dress": EDGES}, None, "control.dress is the name of a LoRA too"),
        ({"edges": EDGES}, {"pose": ["end"]}, "search.control names pose, which control does not (edges)"),
        ({"edges": EDGES}, ["edges"], "search.control: name what moves, and what of it: {edges: [strength, end]}"),
        ({"edges": EDGES}, {"edges": "end"}, "search.control: name what moves, and what of it: {edges: [strength, end]}"),
        ({"edges": EDGES}, {"edges": []}, "search.control.edges: name strength, end, or both, each once"),
        ({"edges": EDGES}, {"edges": ["end", "end"]}, "search.control.edges: name strength, end, or both, each once"),
        ({"edges": {**EDGES, "strength": 0.6}}, {"edges": ["strength"]}, "moves the strength among 0, 0.25, 0.5, 0.75, 1, but"),
    ],
)
def test_bad_controls_are_refused_in_one_line(tmp_path: Path, control: Any, search: Any, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read_spec(written(tmp_path, control, search))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_another_program_that_draws_is_refused(tmp_path: Path) -> None:
    written(tmp_path, {"edges": EDGES}, draw={"with": "webui", "url": "http://127.0.0.1:7860"})
    content = yaml.safe_load((tmp_path / "study.yaml").read_text())
    del content["render"]["device"]
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(InputError, match=r"control.edges: only huanhua itself draws with it"):
        read_spec(tmp_path / "study.yaml")


def test_a_control_net_that_is_not_there_is_said_before_anything_is_drawn(tmp_path: Path) -> None:
    study = controlled(tmp_path, {"edges": {**EDGES, "model": "gone.safetensors"}})
    with pytest.raises(InputError, match=r"no such ControlNet"):
        searched(study)
    assert drawn(study) == []


def test_trials_are_told_the_locked_image_and_what_calibrates_is_drawn_without(tmp_path: Path) -> None:
    tracker = MemoryTracker()
    study = controlled(tmp_path, {"edges": {**EDGES, "end": 0.75}})
    outcome = searched(study, tracker)
    calibrating, trials = drawn(study)[:-6], drawn(study)[-6:]
    assert all(not job.point.controls and job.hints is None for job in calibrating)
    assert study.locked in [job.point for job in calibrating]
    assert study.hints is not None
    told = study.hints.of(SEED).by_net["edges"].picture
    assert set(np.unique(told)) == {0, 255}
    assert told[50, :20].any(), "the left side of the box"
    for job in trials:
        assert job.point.controls == {"edges": Control(0.5, 0.75)}
        assert job.hints is not None
        assert np.array_equal(job.hints.by_net["edges"].picture, told)
    record = outcome.trials[0]
    assert record.judged.cost == pytest.approx(sum(record.judged.point.weights.values()) + 0.2 * 0.5 * 0.75)
    assert "edges 0.50 [0-75%]" in record.weights_line()
    assert record.params()["control.edges"] == "0.5 to 0.75"
    words = "the locked image's edges, strength 0.50 up to 75% of the steps"
    assert any(f"edges {words}" in line for line in describe(outcome))
    assert outcome.as_json()["controls"] == record.as_json()["controls"] == {"edges": {"strength": 0.5, "end": 0.75}}
    assert tracker.seeds[SEED].params["control.edges.strength"] == 0.5
    settings = dict(book_of(study, blurred=True).settings)
    assert settings["ControlNets"] == "edges: the locked image's edges; strength 0.50 up to 75% of the steps"


def test_a_search_moves_strength_and_end_and_stores_them(tmp_path: Path) -> None:
    study = controlled(tmp_path, {"edges": EDGES}, {"edges": ["end", "strength"]})
    outcome = searched(study, trials=12)
    stored = trial_store_of(study, SEED).finished()
    assert {"edges.strength", "edges.end"} < set(stored[0].params)
    assert {trial.params["edges.strength"] for trial in stored} <= set(VALUES["strength"])
    assert len({record.judged.point.controls.get("edges") for record in outcome.trials}) > 2
    again = opened_on(tmp_path, FakeWorld(SIZE, painted))
    assert [r.judged.point for r in searched(again, trials=12).trials] == [r.judged.point for r in outcome.trials]
    assert drawn(again) == [], "hints are known without drawing"
    book = book_of(again, blurred=True)
    assert [slider.name for slider in book.sliders][-2:] == ["edges.strength", "edges.end"]
    assert all(len(trial.at) == len(book.sliders) for trial in book.seeds[0].trials)


def test_a_study_without_controls_has_the_keys_that_it_had_and_shares_calibration(tmp_path: Path) -> None:
    fake_study(tmp_path / "plain", size=SIZE)
    plain = opened_on(tmp_path / "plain", FakeWorld(SIZE, painted))
    held = controlled(tmp_path / "held", {"edges": EDGES})
    assert held.locked == plain.start
    for study in (plain, held):
        assert study.everywhere.place(Job(SEED, study.locked)).name == plain.evaluator.place(Job(SEED, plain.start)).name
    assert held.evaluator.place(Job(SEED, held.start)) != held.evaluator.place(Job(SEED, held.locked))
    assert set(fingerprint(held)) - set(fingerprint(plain)) == {"ControlNet edges", "strength of edges", "end of edges"}


def test_trials_of_another_control_are_neither_continued_nor_learned_from(tmp_path: Path) -> None:
    first = controlled(tmp_path, {"edges": EDGES})
    searched(first)
    changed = controlled(tmp_path, {"edges": {**EDGES, "strength": 0.25}})
    with pytest.raises(InputError, match=r"strength of edges was 0.5 and is 0.25"):
        check_compatible(changed, SEED, trial_store_of(changed, SEED))
    other = controlled(tmp_path, {"edges": {**EDGES, "hint": "lineart"}})
    with pytest.raises(InputError, match=r"ControlNet edges was .*edges.* and is .*lines"):
        check_compatible(other, SEED, trial_store_of(other, SEED))

    def learned(study: Study) -> int:
        return sum(map(len, earlier_trials(study, "", f"{study.spec.name}-seed-", study.storage_url, study.require())))

    assert learned(controlled(tmp_path, {"edges": EDGES})) == 6
    assert learned(changed) == 0


def test_a_fork_takes_over_what_was_drawn_by_the_same_controls(tmp_path: Path) -> None:
    study = controlled(tmp_path / "old", {"edges": EDGES}, {"edges": ["strength"]})
    searched(study, trials=12)
    text = (tmp_path / "old" / "study.yaml").read_text()
    _, kept = fork_study(study, text, tmp_path / "new")
    assert kept == {SEED: 12}
    changed = controlled(tmp_path / "old", {"edges": {**EDGES, "end": 0.5}})
    without = [one for one in trial_store_of(study, SEED).finished() if not one.params["edges.strength"]]
    _, kept = fork_study(changed, (tmp_path / "old" / "study.yaml").read_text(), tmp_path / "other")
    assert kept == {SEED: len(without)}


@pytest.mark.parametrize("to", ["a1111", "diffusers", "lora"])
def test_what_cannot_express_controls_says_so(tmp_path: Path, to: str) -> None:
    study = controlled(tmp_path, {"edges": EDGES})
    outcome = searched(study)
    assert outcome.pick is not None
    with pytest.raises(InputError, match=r"ControlNets act on the picture \(edges: the locked image's edges, strength 0.50\)"):
        export_to(study, outcome, to)  # type: ignore[arg-type]
    assert not study.workspace.exports.exists()
    with pytest.raises(InputError, match="their weights hold nowhere else"):
        recommended_weights(study, [outcome])


def test_the_picture_itself_says_what_acted_on_it(tmp_path: Path) -> None:
    study = controlled(tmp_path, {"edges": EDGES})
    found = export_to(study, searched(study), "png")
    with Image.open(found.paths[0]) as picture:
        assert "huanhua control: edges: the locked image's edges" in picture.info["parameters"].replace('"', "")
    assert any("A1111 draws another one" in note for note in found.notes)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_comfyui_is_told_the_controls(tmp_path: Path) -> None:
    study = controlled(tmp_path, {"edges": {**EDGES, "end": 0.5}})
    found = export_to(study, searched(study), "comfyui")
    graph = json.loads(next(path for path in found.paths if path.name.endswith("api.json")).read_text())
    (applied,) = [node for node in graph.values() if node["class_type"] == "ControlNetApplyAdvanced"]
    assert applied["inputs"]["strength"] == 0.5
    assert 0 < applied["inputs"]["end_percent"] < 1
    (loader,) = [node for node in graph.values() if node["class_type"] == "ControlNetLoader"]
    assert loader["inputs"]["control_net_name"] == "net.safetensors"
    (image,) = [node["inputs"]["image"] for node in graph.values() if node["class_type"] == "LoadImage"]
    assert study.hints is not None
    with Image.open(next(path for path in found.paths if path.name == image)) as hint:
        assert np.array_equal(np.asarray(hint.convert("RGB")), study.hints.of(SEED).by_net["edges"].picture)
    (sampler,) = [node for node in graph.values() if node["class_type"] == "KSampler"]
    assert {graph[sampler["inputs"][side][0]]["class_type"] for side in ("positive", "negative")} == {"ControlNetApplyAdvanced"}
    assert any("models/controlnet" in note for note in found.notes)


def test_two_files_of_one_name_have_two_in_comfyui(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    write_named(tmp_path / "other" / "net.safetensors", seed=1)
    again = {**EDGES, "hint": "lineart", "model": "other/../net.safetensors"}
    study = controlled(tmp_path, {"edges": EDGES, "again": again, "lines": {**again, "model": "other/net.safetensors"}})
    found = export_to(study, searched(study), "comfyui")
    graph = json.loads(next(path for path in found.paths if path.name.endswith("api.json")).read_text())
    files = [node["inputs"]["control_net_name"] for node in graph.values() if node["class_type"] == "ControlNetLoader"]
    assert sorted(files) == ["lines-net.safetensors", "net.safetensors", "net.safetensors"]
    assert any("net.safetensors to models/controlnet/lines-net.safetensors" in note for note in found.notes)


def test_a_picture_that_somebody_made_is_told_at_every_seed(tmp_path: Path) -> None:
    hint = painted(Job(3, None))  # type: ignore[arg-type]
    tmp_path.mkdir(exist_ok=True)
    hint.save(tmp_path / "pose.png")
    study = controlled(tmp_path, {"pose": {**EDGES, "hint": {"image": "pose.png"}}})
    assert study.hints is not None
    for seed in (SEED, SEED + 1):
        assert np.array_equal(study.hints.of(seed).by_net["pose"].picture, np.asarray(hint))
    searched(study)


@pytest.mark.parametrize(
    ("size", "colours", "said"),
    [
        ((32, 32), (0, 255), "the picture is 32x32, and those drawn are 64x96"),
        (SIZE, (7, 7), "an empty hint: it is one colour all over"),
    ],
)
def test_a_picture_that_says_nothing_is_refused(tmp_path: Path, size: Any, colours: Any, said: str) -> None:
    picture = Image.new("RGB", size, (colours[0],) * 3)
    picture.paste((colours[1],) * 3, (2, 2, 9, 9))
    picture.save(tmp_path / "pose.png")
    study = controlled(tmp_path, {"pose": {**EDGES, "hint": {"image": "pose.png"}}})
    with pytest.raises(InputError, match=said):
        searched(study)
    assert drawn(study) == []


def test_a_locked_image_that_says_nothing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blank = Image.new("RGB", SIZE)
    monkeypatch.setattr("studies.control.seed_hints.open_detector", lambda *_: lambda image, boxes: blank)
    with pytest.raises(InputError, match=r"an empty hint.*control.edges at seed 7"):
        searched(controlled(tmp_path, {"edges": EDGES}))


def test_a_grid_has_axes_of_strength_and_end(tmp_path: Path) -> None:
    study = controlled(tmp_path, {"edges": {**EDGES, "end": 0.75}})
    strength, end = (parse_axis(text, study.spec) for text in ("edges.strength=0,0.5,1", "edges.end=0.5,1"))
    assert strength.labels == ("edges strength 0", "edges strength 0.5", "edges strength 1")
    assert strength.touches | end.touches == {"edges.strength", "edges.end"}
    _, point = strength.place(SEED, study.locked, 2)
    assert point.controls == {"edges": Control(1.0, 0.75)}, "the file's end"
    assert end.place(SEED, point, 0)[1].controls == {"edges": Control(1.0, 0.5)}
    assert end.place(SEED, study.locked, 1)[1].controls == {"edges": Control(0.5, 1.0)}, "the file's strength"
    for text, said in (
        ("edges.end=0,1", "never acts"),
        ("edges.strength=3", "a strength goes from 0 to 2"),
        ("pose.end=1", "no axis"),
    ):
        with pytest.raises(InputError, match=said):
            parse_axis(text, study.spec)


def test_a_detector_that_does_not_open_is_said_before_anything_is_drawn(tmp_path: Path) -> None:
    study = controlled(tmp_path, {"edges": {**EDGES, "hint": "depth", "detector": "photos"}})
    with pytest.raises(InputError, match=r"no depth estimator's folder"):
        searched(study)
    assert drawn(study) == []


def test_a_folder_is_no_hint(tmp_path: Path) -> None:
    study = controlled(tmp_path, {"edges": {**EDGES, "hint": {"image": "photos"}}})
    with pytest.raises(InputError, match=r"a folder, where a hint is one picture"):
        searched(study)
