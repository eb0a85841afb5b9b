"""Parts of a picture are redrawn, judged with the whole, and kept only where that is better: through the verb, on fakes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from models.errors import InputError
from optimizer.point import Job, Point
from optimizer.render.decode import NotDrawn
from optimizer.render.inpainting.base import Redrawing
from scorers.testing.fake_observer import FakeObserver, Shown, picture_of, read_picture
from studies.cli.app import app
from studies.export.export import export_to
from studies.mending.job import mend_study
from studies.mending.parts import PARTS, parts_named
from studies.mending.tries import Tries
from studies.picture_settings.infotext import read
from studies.pipeline import pick_trial
from studies.run.calibration import calibrate
from studies.run.lease import only_runner
from studies.run.mended.stored import FOLDER
from studies.run.outcome import Outcome
from studies.run.seed_search import run_seed
from studies.run.stored_results import stored
from studies.study import Study
from studies.testing.fake_backend import FakeBackend
from studies.testing.fake_study import FakeWorld, fake_study, shown_at
from studies.tracking.memory import MemoryTracker

SEED = 7
WHOLE, DRESSLESS = (0, 0, 255), (0, 255, 255)
"""What is redrawn in the middle of a picture: blue where something was; red is how broken the hand is, green a lost dress."""


def seen(picture: Image.Image) -> Shown:
    """As it was drawn, but for what was redrawn in its middle."""
    shown = read_picture(picture)
    red, green, blue = picture.convert("RGB").getpixel((picture.width // 2, picture.height // 2))  # type: ignore[misc]
    if blue != 255:
        return shown
    return replace(shown, hands=red / 255, clothing=0.0 if green == 255 else shown.clothing)


def broken(point: Point) -> Shown:
    """Hands that break as soon as all LoRAs are on and the face weighs more than at the start."""
    shown = shown_at(point)
    on = min(point.weights.get(name, 0.0) for name in ("face", "dress", "shoes"))
    return replace(shown, hands=0.25 if on > 0 and point.weights["face"] > 0.6 else 0.0)


@dataclass
class World(FakeWorld):
    """Redraws with the colours in order, the last one again and again."""

    colours: Sequence[tuple[int, int, int]] = (WHOLE,)
    shows: Callable[[Point], Shown] = broken
    asked: list[Redrawing] = field(default_factory=list)

    def _draw(self, job: Job) -> Image.Image:
        self.drawn.append(job)
        return picture_of(self.shows(job.point), self.size)

    def inpaint(self, redrawings: Sequence[Redrawing]) -> list[Image.Image | NotDrawn]:
        found: list[Image.Image | NotDrawn] = []
        for one in redrawings:
            colour = self.colours[min(len(self.asked), len(self.colours) - 1)]
            self.asked.append(one)
            found.append(Image.new("RGB", one.picture.size, colour))
        return found


@pytest.fixture
def tracker(monkeypatch: pytest.MonkeyPatch) -> MemoryTracker:
    made = MemoryTracker()
    monkeypatch.setattr("studies.tracking.study_tracker.open_study_tracker", lambda study, capacity=512: made)
    return made


def searched(folder: Path, monkeypatch: pytest.MonkeyPatch, world: World, face: float = 0.8) -> Study:
    """A seed of which nothing is feasible: the face is enough only where hands are broken."""
    plain = fake_study(folder)
    backend = plain.backend
    assert isinstance(backend, FakeBackend)
    spec = plain.spec
    search = spec.search.model_copy(update={"require": {**spec.search.require, "face": face}})
    spec = spec.model_copy(update={"search": search})
    study = Study(spec, folder, plain.workspace, FakeBackend(world, FakeObserver(seen), backend.facts))
    judge = calibrate(study, SEED).judge
    run_seed(study, SEED, judge=judge, budget=20, tracker=MemoryTracker(), on_trial=lambda event: None)
    monkeypatch.setattr("studies.cli.mend.open_study", lambda *given: study)
    monkeypatch.setattr("studies.cli.show.open_study", lambda *given: study)
    return study


@pytest.fixture
def world() -> World:
    return World((64, 96))


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: World, tracker: MemoryTracker) -> Study:
    return searched(tmp_path / "study", monkeypatch, world)


def huanhua(*words: str | int, status: int = 0) -> str:
    run = CliRunner().invoke(app, list(map(str, words)))
    if run.exception is not None and not isinstance(run.exception, SystemExit):
        raise run.exception
    assert run.exit_code == status, run.output
    return run.stdout


def outcome_of(study: Study) -> Outcome:
    return stored(study, SEED).outcome


def mended(study: Study, **settings: Any) -> Outcome:
    (found,) = mend_study(study, [PARTS["hands"]], [SEED], Tries(**settings), tracker=MemoryTracker())
    return found.outcome


def test_a_seed_that_hands_alone_block_is_mended(study: Study, world: World, tracker: MemoryTracker) -> None:
    before = outcome_of(study)
    assert before.pick is None
    assert "hands alone block it" in huanhua("show", "x", status=1)
    own = before.shown
    assert own is not None
    content = own.image.read_bytes()

    printed = huanhua("mend", "x", "--parts", "hands", "--seed", SEED)
    assert f"seed 7: the hands of trial {own.number}: the picture meets every requirement" in printed
    assert len(world.asked) == 1, "what came out whole ends the tries"

    after = outcome_of(study).mended
    assert after is not None
    assert after.feasible
    assert after.image.parent == study.workspace.root / FOLDER
    assert own.image.read_bytes() == content, "the trial's own picture stays"
    assert "mended" in huanhua("show", "x", status=1)
    (told,) = json.loads(huanhua("show", "x", "--json", status=1))["seeds"]
    assert (told["mended"]["parts"], told["mended"]["feasible"], told["feasible"]) == (["hands"], True, False)
    assert tracker.seeds[SEED].params["mended.parts"] == "hands"
    assert "mended.png" in tracker.seeds[SEED].artifacts


def test_all_outside_of_the_mask_is_bit_for_bit_the_pick(study: Study) -> None:
    found = mended(study)
    assert found.mended is not None
    record = found.shown
    assert record is not None
    with Image.open(record.image) as one, Image.open(found.mended.image) as other:
        before, after = (np.asarray(image.convert("RGB")).astype(int) for image in (one, other))
    changed = (before != after).any(axis=2)
    (redrawn,) = found.mended.redrawn
    left, top, right, bottom = redrawn.mask
    far = 4 * redrawn.blur
    inside = np.zeros_like(changed)
    inside[max(0, top - far) : bottom + far, max(0, left - far) : right + far] = True
    assert changed.any()
    assert not (changed & ~inside).any()


def test_its_settings_are_in_its_png(study: Study) -> None:
    found = mended(study, count=1)
    assert found.mended is not None
    with Image.open(found.mended.image) as image:
        settings = read(str(image.info["parameters"]), "x")
    assert settings.other["Denoising strength"] == "0.4"
    assert settings.other["Inpaint area"] == "Only masked"
    assert settings.other["Masked area padding"] == "4"
    assert settings.other["Mask blur"] == "1"
    assert settings.other["huanhua mended"].startswith("hands at ")
    assert settings.seed == SEED


def test_a_redrawing_that_breaks_something_else_is_not_kept(study: Study, world: World) -> None:
    world.colours = (DRESSLESS,)
    printed = huanhua("mend", "x", "--parts", "hands", "--tries", 3, status=1)
    assert "nothing is kept" in printed
    assert "--control FILE --hint canny" in printed
    assert len(world.asked) == 3
    assert outcome_of(study).mended is None
    assert not (study.workspace.root / FOLDER).exists()


def test_one_that_is_no_better_is_not_kept_and_the_next_is_tried(study: Study, world: World) -> None:
    world.colours = ((200, 0, 255), DRESSLESS, (40, 0, 255), WHOLE)
    found = mended(study)
    assert found.mended is not None
    assert len(world.asked) == 4, "0.16 is better and not enough"
    assert [one.job.seed for one in world.asked] == [SEED + 1, SEED + 2, SEED + 3, SEED + 4]
    strengths = [one.strength for one in world.asked]
    assert strengths == sorted(strengths)
    assert strengths[0] == pytest.approx(0.4)


def test_another_mend_takes_the_place_of_the_first(study: Study, world: World) -> None:
    first = mended(study).mended
    world.colours = ((10, 0, 255),)
    second = mended(study).mended
    assert first is not None
    assert second is not None
    assert first.image != second.image
    assert [file.suffix for file in sorted((study.workspace.root / FOLDER).iterdir())] == [".png", ".json"] or len(
        list((study.workspace.root / FOLDER).iterdir())
    ) == 2


def test_a_mend_that_is_killed_leaves_what_was_there(study: Study, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first = mended(study).mended
    world.colours = ((10, 0, 255),)

    def killed(path: Path, content: bytes) -> None:
        if path.suffix == ".json":
            raise KeyboardInterrupt
        path.write_bytes(content)

    monkeypatch.setattr("studies.run.beside.stored.write_whole", killed)
    with pytest.raises(KeyboardInterrupt):
        mended(study)
    assert outcome_of(study).mended == first


def test_the_pick_of_a_person_is_mended_and_exported(study: Study) -> None:
    record = outcome_of(study).shown
    assert record is not None
    pick_trial(study, SEED, record.number)
    found = mended(study)
    assert found.pick is not None
    done = export_to(study, found, "png")
    assert [path.name for path in done.paths] == ["seed-7.png", "seed-7-mended.png"]
    assert found.mended is not None
    with Image.open(done.paths[1]) as one, Image.open(found.mended.image) as other:
        assert one.tobytes() == other.tobytes()
        assert one.info["parameters"] == other.info["parameters"]
    assert any("mended" in note for note in export_to(study, found, "a1111").notes)


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        ("nose", "no part to mend: nose"),
        (" , ", "no part to mend is named"),
    ],
)
def test_parts_that_are_none(parts: str, line: str) -> None:
    with pytest.raises(InputError, match=line):
        parts_named(parts)


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"count": 0}, "0 tries"),
        ({"count": 101}, "101 tries"),
        ({"strength": 0.0}, "a denoising strength of 0"),
        ({"strength": 1.01}, "a denoising strength of 1.01"),
        ({"strength": float("nan")}, "a denoising strength of nan"),
        ({"padding": -1.0}, "a padding of -1"),
    ],
)
def test_settings_out_of_range(settings: dict[str, Any], line: str) -> None:
    with pytest.raises(InputError, match=line):
        Tries(**settings)


def test_a_seed_that_was_not_run(study: Study) -> None:
    with pytest.raises(InputError, match=r"seed 9 was not run: .*name one that was run: 7$"):
        mend_study(study, [PARTS["hands"]], [9])


def test_a_nearest_trial_that_something_else_blocks(study: Study) -> None:
    with pytest.raises(InputError, match="blocked by hands, which mending the face does not change"):
        mend_study(study, [PARTS["face"]], [SEED])


def test_a_part_that_the_picture_does_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tracker: MemoryTracker) -> None:
    hidden = World((64, 96), shows=lambda point: replace(shown_at(point), hands=None))
    study = searched(tmp_path / "hidden", monkeypatch, hidden, face=0.4)
    assert outcome_of(study).pick is not None
    with pytest.raises(InputError, match="nothing of the hands is seen in the picture of trial"):
        mend_study(study, [PARTS["hands"]], [SEED])


def test_what_cannot_redraw_is_refused(study: Study) -> None:
    assert isinstance(study.backend, FakeBackend)
    study.backend.renderer = FakeWorld((64, 96))
    with pytest.raises(InputError, match="cannot redraw a part of a picture"):
        mended(study)
    assert outcome_of(study).mended is None


def test_a_study_that_is_being_run_is_refused(study: Study) -> None:
    with only_runner(study.storage_url, study.spec.name, lambda text: None), pytest.raises(InputError):
        mended(study)


def test_a_damaged_file_is_one_line(study: Study) -> None:
    mended(study)
    (file,) = (study.workspace.root / FOLDER).glob("*.json")
    file.write_text("{")
    with pytest.raises(InputError, match="a damaged file of the workspace"):
        outcome_of(study)


@pytest.mark.parametrize("change", [{"strength": "x"}, {"box": "none"}, {"part": None}, {"left": 1}])
def test_a_record_that_tells_something_else_is_one_line(study: Study, change: dict[str, Any]) -> None:
    mended(study)
    (file,) = (study.workspace.root / FOLDER).glob("*.json")
    told = json.loads(file.read_text())
    told["redrawn"][0] |= change
    if "left" in change:
        del told["redrawn"][0]["mask"]
    file.write_text(json.dumps(told))
    with pytest.raises(InputError, match=r"a damaged file of the workspace: .*\.json; delete it: `huanhua mend STUDY`"):
        outcome_of(study)


def test_another_picture_in_the_place_of_the_mended_one_is_one_line(study: Study) -> None:
    found = mended(study).mended
    assert found is not None
    Image.new("RGB", (64, 64)).save(found.image)
    with pytest.raises(InputError, match=r"a damaged file of the workspace: .*\.png; delete it: `huanhua mend STUDY`"):
        outcome_of(study)
    found.image.unlink()
    assert outcome_of(study).mended is None


def test_a_mend_of_what_was_mended_says_what_it_replaces(study: Study) -> None:
    mended(study)
    assert "takes the place of the earlier mend of the hands" in huanhua_errors("mend", "x", "--parts", "hands")


def huanhua_errors(*words: str) -> str:
    return CliRunner().invoke(app, list(words)).stderr


def test_hands_that_are_whole_are_not_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tracker: MemoryTracker) -> None:
    whole = World((64, 96), shows=lambda point: replace(shown_at(point), hands=0.004))
    study = searched(tmp_path / "whole", monkeypatch, whole, face=0.4)
    with pytest.raises(InputError, match=r"the hands of trial \d+ are whole already: seed 7; leave it out of --parts"):
        mend_study(study, [PARTS["hands"]], [SEED])
    assert whole.asked == []


def test_a_seed_that_cannot_be_mended_does_not_stop_the_others(
    study: Study, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.shows = lambda point: replace(shown_at(point), hands=0.0)
    monkeypatch.setattr("studies.run.stored_results.seeds_run", lambda asked: [7, 8])
    judge = calibrate(study, 8).judge
    run_seed(study, 8, judge=judge, budget=20, tracker=MemoryTracker(), on_trial=lambda event: None)
    printed = huanhua("mend", "x", "--parts", "hands", status=1)
    assert "seed 7: the hands of trial" in printed
    assert "seed 8: not mended: the hands of trial" in printed
    assert "whole already" in printed
    told = json.loads(huanhua("mend", "x", "--parts", "hands", "--json", status=1).splitlines()[-1])["seeds"]
    assert [(one["seed"], one["kept"], "refused" in one) for one in told] == [(7, True, False), (8, False, True)]
    with pytest.raises(InputError, match="whole already"):
        mend_study(study, [PARTS["hands"]], [7, 8])
