"""A whole grid through the verb, drawn and observed by fakes: what is drawn, judged, printed and stored."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops
from typer.testing import CliRunner

from models.errors import InputError
from scorers.testing.fake_observer import FakeObserver
from studies.cli.app import app
from studies.picture_settings.reader import read_picture
from studies.picture_settings.settings import PictureSettings
from studies.run.calibration import calibrate
from studies.run.scouting import lock
from studies.study import Study
from studies.testing.lab_study import fake_backend, seen, study_of
from studies.testing.painting_renderer import Painter
from studies.tracking.memory import MemoryTracker

PROMPT = "1girl, pink dress, testdress, myshoes"
SPEC = {
    "name": "grid",
    "base": {"checkpoint": "base", "clip_skip": 2},
    "prompt": PROMPT,
    "negative_prompt": "lowres",
    "render": {"width": 64, "height": 96, "steps": 20, "sampler": "DPM++ 2M Karras", "cfg": 5.0, "rng": "cpu"},
    "loras": {
        "dress": {"file": "loras/testdress.safetensors", "kind": "clothing", "references": "dress", "trigger": "testdress"},
        "shoes": {"file": "loras/myshoes.safetensors", "kind": "shoes", "references": "shoes", "trigger": "myshoes"},
        "detail": {"file": "loras/more.safetensors", "kind": "other", "fixed": 0.5},
    },
    "search": {"require": {"dress": 0.4, "shoes": 0.4}},
    "scorers": {"hands": {"judge": "hands.onnx"}},
}
LADDERS = 2


@dataclass
class Lab:
    """A study whose every heavy part is a fake, and what was asked of them."""

    study: Study
    renderer: Painter
    tracker: MemoryTracker

    def grid(self, *words: str) -> Any:
        run = CliRunner().invoke(app, ["grid", "study.yaml", *words])
        if run.exception is not None and not isinstance(run.exception, SystemExit):
            raise run.exception
        return run

    def json(self, *words: str) -> list[dict[str, Any]]:
        pictures: list[dict[str, Any]] = json.loads(self.grid(*words, "--json").stdout)["pictures"]
        return pictures

    def calibrate(self, seed: int) -> None:
        self.study.workspace.make()
        calibrate(self.study, seed)
        self.renderer.calls.clear()


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    renderer, tracker = Painter(), MemoryTracker()
    study = study_of(SPEC, tmp_path, renderer=renderer)
    monkeypatch.setattr("studies.cli.grid.open_study", lambda path, workspace, *seeds: study)
    monkeypatch.setattr("studies.tracking.study_tracker.open_study_tracker", lambda study: tracker)
    return Lab(study, renderer, tracker)


def test_images_with_little_clothing_are_logged_as_a_blur_unless_asked_for(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studies.report.sheets.style.blur", lambda image: Image.new("RGB", image.size))
    bare = FakeObserver(lambda image: replace(seen(image), clothing=seen(image).clothing or None))
    fake_backend(lab.study).observing = bare
    words = ("--seed", "7", "--x", "dress=0.0,0.6", "--y", "shoes=0.3,0.6")
    path = Path(lab.grid(*words).stdout.strip())
    logged = lab.tracker.seeds[7].artifacts[path.name]
    assert isinstance(logged, Image.Image)
    with Image.open(path) as stored:
        clear = stored.convert("RGB")
    assert logged.size == clear.size
    assert ImageChops.difference(logged, clear).getbbox() is not None
    lab.grid(*words, "--no-blur")
    assert lab.tracker.seeds[7].artifacts[path.name] == path


def test_a_grid_is_drawn_judged_and_stored_with_its_settings(lab: Lab) -> None:
    run = lab.grid("--seed", "7", "--x", "dress=0.2:0.6:0.2", "--y", "shoes=0.3,0.6")
    path = Path(run.stdout.strip())
    assert path.parent == lab.study.workspace.pictures
    assert re.fullmatch(r"grid-7-dress-shoes-[0-9a-f]{8}\.png", path.name)
    assert lab.tracker.seeds[7].artifacts == {path.name: path}
    with Image.open(path) as picture:
        assert picture.size > (3 * 256, 2 * 384)
    info = read_picture(path)
    assert info == PictureSettings(
        prompt=PROMPT,
        negative="lowres",
        steps=20,
        sampler="DPM++ 2M",
        schedule="Karras",
        cfg=5.0,
        seed=7,
        size=(64, 96),
        model="lab",
        model_hash="0123456789",
        clip_skip=2,
        rng="CPU",
        loras={"testdress": 0.2, "myshoes": 0.3, "more": 0.5},
        lora_hashes={"testdress": "000000000000", "myshoes": "000000000001", "more": "000000000002"},
        other={
            "Script": "X/Y/Z plot",
            "X Type": "Prompt S/R",
            "X Values": "<lora:testdress:0.2>,<lora:testdress:0.4>,<lora:testdress:0.6>",
            "Y Type": "Prompt S/R",
            "Y Values": "<lora:myshoes:0.3>,<lora:myshoes:0.6>",
        },
    )


def test_ends_of_schedules_along_both_edges(lab: Lab) -> None:
    words = ("--seed", "7", "--x", "dress.start=0,0.25,0.5", "--y", "dress.end=0.75,1")
    [picture] = lab.json(*words)
    assert picture["axes"]["x"] == {"name": "dress.start", "labels": ["dress start 0", "dress start 0.25", "dress start 0.5"]}
    found = [[cell.get("schedules", {}).get("dress") for cell in row] for row in picture["cells"]]
    assert found == [[[0, 0.75], [0.25, 0.75], [0.5, 0.75]], [None, [0.25, 1], [0.5, 1]]]
    drawn = len(lab.renderer.calls)
    assert drawn == 2 + LADDERS + 5, "the start image is one of the cells"
    info = read_picture(Path(picture["path"]))
    told = {key: value for key, value in info.other.items() if key.startswith(("huanhua", "X", "Y", "Script"))}
    assert told == {
        "Script": "X/Y/Z plot",
        "huanhua X": "dress.start=0,0.25,0.5",
        "huanhua Y": "dress.end=0.75,1",
        "huanhua schedules": "dress: 0 to 0.75",
    }


@pytest.mark.parametrize(
    ("x", "y", "says"),
    [
        ("dress.start=0,0.5", "dress.end=0.5,1", r"dress acts in none of 20 steps \(0.5 to 0.5\)"),
        ("dress.start=1", "cfg=5", r"dress acts in none of 20 steps \(1 to 1\)"),
        ("shoes.end=0.1", "steps=2,20", None),
        ("dress.start=0.6", "steps=1,20", r"dress acts in none of 1 steps \(0.6 to 1\)"),
    ],
)
def test_a_lora_that_would_act_in_no_step_is_refused_before_anything_is_drawn(lab: Lab, x: str, y: str, says: str | None) -> None:
    lab.calibrate(7)
    if says is None:
        assert lab.grid("--seed", "7", "--x", x, "--y", y).exit_code == 0
        return
    with pytest.raises(InputError, match=says):
        lab.grid("--seed", "7", "--x", x, "--y", y)
    assert lab.renderer.calls == []


def test_a_sheet_tells_the_schedules_that_stay(lab: Lab) -> None:
    from optimizer.point import Point
    from optimizer.schedules.schedule import Schedule
    from studies.grid.grid import Grid
    from studies.grid.parse import parse_axis
    from studies.report.sheets.grid import _staying

    centre = Point({"dress": 0.4, "shoes": 0.6}, 5.0, schedules={"dress": Schedule(0.25, 0.75), "shoes": Schedule(0, 0.5)})
    x, y = (parse_axis(text, lab.study.spec) for text in ("dress.start=0,0.5", "cfg=5,6"))
    assert "  dress end 0.75  shoes end 0.5  " in _staying(lab.study, Grid(7, centre, x, y))
    assert "dress start" not in _staying(lab.study, Grid(7, centre, x, y))


def test_the_number_of_images_is_announced_and_kept(lab: Lab) -> None:
    words = ("--seed", "7", "--x", "dress=0.2,0.6", "--y", "cfg=5,6")
    run = lab.grid(*words)
    # The plain image, the ladders and the locked image come first.
    assert "after 4 images to calibrate seed 7: at most 8 images" in run.stderr.replace("\n", " ")
    assert len(lab.renderer.calls) == 2 + LADDERS + 4
    lab.renderer.calls.clear()
    assert "at most 0 images" in lab.grid(*words).stderr
    assert lab.renderer.calls == []


def test_each_cell_tells_its_point_and_scores(lab: Lab) -> None:
    lab.calibrate(7)
    [picture] = lab.json("--seed", "7", "--x", "dress=0.2,0.6", "--y", "shoes=0.6")
    assert picture["axes"] == {
        "x": {"name": "dress", "labels": ["dress 0.2", "dress 0.6"]},
        "y": {"name": "shoes", "labels": ["shoes 0.6"]},
    }
    [[low, high]] = picture["cells"]
    assert low["weights"] == {"dress": 0.2, "shoes": 0.6}
    assert (low["seed"], low["cfg"], low["steps"], low["sampler"], low["prompt"]) == (7, 5.0, 20, "DPM++ 2M Karras", PROMPT)
    assert low["raw"] == pytest.approx({"dress": 0.2, "shoes": 0.6}, abs=0.01)
    assert low["calibrated"] == pytest.approx({"dress": 0.2, "shoes": 0.6}, abs=0.01)
    assert (low["breaks"], high["breaks"]) == (["dress"], [])
    assert Path(low["image"]).is_file()


def test_a_third_axis_gives_one_picture_for_each_of_its_values(lab: Lab) -> None:
    lab.calibrate(7)
    axes = ("--x", "dress+shoes=0.2,0.6", "--y", "prompt=pink dress|white dress", "--z", "sampler=Euler a,DPM++ 2M Karras")
    pictures = lab.json("--seed", "7", *axes)
    assert [re.sub(r"-[0-9a-f]{8}\.png$", "", Path(picture["path"]).name) for picture in pictures] == [
        "grid-7-dress-shoes-prompt-sampler-1",
        "grid-7-dress-shoes-prompt-sampler-2",
    ]
    assert [picture["axes"]["z"]["labels"] for picture in pictures] == [["Euler a"], ["DPM++ 2M Karras"]]
    assert {(p.sampler, p.prompt) for _, p in lab.renderer.calls} == {
        (sampler, prompt) for sampler in ("Euler a", None) for prompt in ("", PROMPT.replace("pink", "white"))
    }
    info = read_picture(Path(pictures[0]["path"]))
    assert (info.sampler, info.schedule, info.loras["testdress"]) == ("Euler a", "Automatic", 0.2)
    assert info.other["X Values"] == "<lora:testdress:0.2> <lora:myshoes:0.2>,<lora:testdress:0.6> <lora:myshoes:0.6>"
    assert info.other["Y Values"] == "pink dress,white dress"
    assert (info.other["Z Type"], info.other["Z Values"]) == ("Sampler", "Euler a")


def test_seeds_of_an_axis_are_judged_only_where_they_were_calibrated(lab: Lab) -> None:
    lab.calibrate(7)
    run = lab.grid("--x", "seed=7,8", "--y", "dress=0.6", "--json")
    [picture] = json.loads(run.stdout)["pictures"]
    assert "raw scores and no verdict" in run.stderr.replace("\n", " ")
    assert [seed for seed, _ in lab.renderer.calls] == [7, 8]
    [[calibrated, raw]] = picture["cells"]
    assert (calibrated["seed"], calibrated["breaks"], raw["seed"], raw["breaks"]) == (7, [], 8, None)
    assert raw["calibrated"] is None
    assert raw["raw"] == pytest.approx(calibrated["raw"])
    path = Path(picture["path"])
    assert path.name.startswith("grid-seed-dress-")
    assert lab.tracker.seeds[None].artifacts == {path.name: path}


def test_grids_of_the_same_axes_are_two_pictures(lab: Lab) -> None:
    words = ("--seed", "7", "--x", "dress=0.2", "--y")
    first, second = (Path(lab.grid(*words, y).stdout.strip()) for y in ("shoes=0.3", "shoes=0.6"))
    assert first != second
    assert first.is_file()
    assert first == Path(lab.grid(*words, "shoes=0.3").stdout.strip())


def test_a_grid_of_a_seed_that_was_not_run_leads_to_its_run(lab: Lab) -> None:
    told = lab.grid("--seed", "7", "--x", "dress=0.2", "--y", "shoes=0.3").stderr.replace("\n", " ")
    assert "next: huanhua run" in told
    assert "--seed 7" in told


def test_a_seed_that_no_study_draws_is_refused_before_drawing(lab: Lab) -> None:
    with pytest.raises(InputError, match=f"seeds are whole numbers from 0 to {2**32 - 1}"):
        lab.grid("--seed", str(2**32), "--x", "dress=0.2", "--y", "shoes=0.3")
    assert lab.renderer.calls == []


def test_seeds_that_are_not_calibrated_cost_their_cells_alone(lab: Lab) -> None:
    [picture] = lab.json("--x", "seed=1,2,3", "--y", "steps=20,30")
    assert len(lab.renderer.calls) == 6
    assert {cell["breaks"] for row in picture["cells"] for cell in row} == {None}
    assert lab.study.workspace.read("calibration") is None


def test_steps_that_a_sampler_cannot_make_are_refused_before_anything_is_drawn(lab: Lab) -> None:
    lab.calibrate(7)
    with pytest.raises(InputError, match="60 steps of LCM"):
        lab.grid("--seed", "7", "--x", "sampler=Euler a,LCM", "--y", "steps=20,60")
    assert lab.renderer.calls == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--x", "dress=0.2", "--y", "cfg=5"), "no seed is given"),
        (("--seed", "7", "--x", "dress=0.2", "--y", "dress+shoes=0.5"), "two axes touch dress"),
        (("--seed", "7", "--x", "hat=0.2", "--y", "cfg=5"), "no axis 'hat'"),
    ],
)
def test_bad_axes_are_refused_before_anything_is_drawn(lab: Lab, words: tuple[str, ...], says: str) -> None:
    with pytest.raises(InputError, match=says):
        lab.grid(*words)
    assert lab.renderer.calls == []
    assert not lab.study.workspace.root.exists()


def test_a_line_names_a_seed_that_is_not_locked(lab: Lab) -> None:
    words = ("--x", "dress=0.2,0.6", "--y", "shoes=0.3,0.6")
    lock(lab.study, [7])
    assert "is not locked" not in lab.grid("--seed", "7", *words).output
    assert "seed 8 is not locked: the grid is drawn around the start weights" in lab.grid("--seed", "8", *words).output
