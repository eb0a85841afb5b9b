"""The pick as a large picture, and as one that is redrawn in tiles and kept only where that breaks nothing: on fakes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from models.errors import InputError
from models.testing.rrdb import brighter, rrdb
from optimizer.point import Job
from optimizer.render.decode import NotDrawn
from optimizer.render.inpainting.base import Redrawing
from scorers.testing.fake_observer import FakeObserver, Shown, picture_of
from studies.callback import SilentCallback
from studies.cli.app import app
from studies.enlarging.enlarge import enlarged
from studies.enlarging.job import LargeSeed, enlarge_study, with_picks
from studies.enlarging.settings import MAX_PIXELS, STRENGTHS, Enlarging
from studies.export.export import export_to
from studies.picture_settings.infotext import read
from studies.run.calibration import calibrate
from studies.run.large.stored import FOLDER
from studies.run.lease import only_runner
from studies.run.mended.mended import Redrawn
from studies.run.mended.stored import store_mended
from studies.run.outcome import Outcome
from studies.run.seed_search import run_seed
from studies.run.stored_results import stored
from studies.study import Study
from studies.testing.fake_backend import FakeBackend
from studies.testing.fake_study import FakeWorld, fake_study, shown_at
from studies.tracking.memory import MemoryTracker

SEED, SIZE = 7, (64, 96)
STRIPES = 8
"""Pixels of the bands in which what is shown is written: they stay readable in a picture that was resized or redrawn."""


def written(shown: Shown) -> Image.Image:
    """As much of each thing as grey levels of bands say."""
    pixels = np.full((SIZE[1], SIZE[0], 3), 127, np.uint8)
    for at, value in enumerate((shown.clothing, shown.shoes, shown.face, shown.hands)):
        pixels[at * STRIPES : (at + 1) * STRIPES] = 0 if value is None else round(40 + 200 * value)
    return Image.fromarray(pixels)


def seen(picture: Image.Image) -> Shown:
    """What bands of a picture of the drawn size say. Hands are broken where the lower half has an edge."""
    pixels = np.asarray(picture.convert("L")).astype(float)
    if picture.size != SIZE:
        return Shown()

    def value(at: int) -> float | None:
        level = pixels[at * STRIPES + 2 : (at + 1) * STRIPES - 2].mean()
        return None if level < 20 else float(np.clip((level - 40) / 200, 0, 1))

    torn = np.abs(np.diff(pixels[60:], axis=1)).max() > 40
    hands = value(3)
    return Shown(value(0), value(1), value(2), 1.0 if torn else hands)


@dataclass
class World(FakeWorld):
    """Redraws tiles as `paint_tile` says."""

    paint_tile: Callable[[Redrawing], Image.Image | NotDrawn] = lambda one: one.picture
    asked: list[Redrawing] = field(default_factory=list)

    def _draw(self, job: Job) -> Image.Image:
        self.drawn.append(job)
        return written(shown_at(job.point))

    def inpaint(self, redrawings: Sequence[Redrawing]) -> list[Image.Image | NotDrawn]:
        self.asked += redrawings
        return [self.paint_tile(one) for one in redrawings]


def torn_above(strength: float) -> Callable[[Redrawing], Image.Image]:
    """Tears every tile that is redrawn at more than this strength."""

    def paint(one: Redrawing) -> Image.Image:
        pixels = np.asarray(one.picture).copy()
        if one.strength > strength:
            pixels[:, 28:32] = 255
            pixels[:, 32:36] = 0
        return Image.fromarray(pixels)

    return paint


@pytest.fixture
def tracker(monkeypatch: pytest.MonkeyPatch) -> MemoryTracker:
    made = MemoryTracker()
    monkeypatch.setattr("studies.tracking.study_tracker.open_study_tracker", lambda study, capacity=512: made)
    return made


def searched(folder: Path, world: World, face: float = 0.4) -> Study:
    plain = fake_study(folder, size=SIZE)
    backend = plain.backend
    assert isinstance(backend, FakeBackend)
    spec = plain.spec
    search = spec.search.model_copy(update={"require": {**spec.search.require, "face": face}})
    spec = spec.model_copy(update={"search": search})
    study = Study(spec, folder, plain.workspace, FakeBackend(world, FakeObserver(seen), backend.facts))
    judge = calibrate(study, SEED).judge
    run_seed(study, SEED, judge=judge, budget=20, tracker=MemoryTracker(), on_trial=lambda event: None)
    return study


@pytest.fixture
def world() -> World:
    return World(SIZE)


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: World, tracker: MemoryTracker) -> Study:
    study = searched(tmp_path / "study", world)
    monkeypatch.setattr("studies.cli.enlarge.open_study", lambda *given: study)
    monkeypatch.setattr("studies.cli.show.open_study", lambda *given: study)
    return study


def huanhua(*words: str | float | Path, status: int = 0) -> str:
    run = CliRunner().invoke(app, list(map(str, words)))
    if run.exception is not None and not isinstance(run.exception, SystemExit):
        raise run.exception
    assert run.exit_code == status, run.output
    return run.stdout


def outcome_of(study: Study) -> Outcome:
    return stored(study, SEED).outcome


def large_of(study: Study, **settings: Any) -> LargeSeed:
    (found,) = enlarge_study(study, [SEED], Enlarging(**settings), tracker=MemoryTracker())
    return found


def test_the_pick_is_enlarged_to_exactly_what_is_asked(study: Study, tracker: MemoryTracker) -> None:
    own = outcome_of(study).shown
    assert own is not None
    content = own.image.read_bytes()
    printed = huanhua("enlarge", "x", "--by", 1.7)
    assert f"seed 7: trial {own.number} enlarged to 109x163 by Lanczos: the picture meets every requirement" in printed
    large = outcome_of(study).large
    assert large is not None
    with Image.open(large.image) as opened:
        assert opened.size == (109, 163)
    assert own.image.read_bytes() == content
    assert large.making.tries == ()
    assert "large" in huanhua("show", "x")
    (told,) = json.loads(huanhua("show", "x", "--json"))["seeds"]
    assert (told["large"]["size"], told["large"]["redrawn"], told["large"]["feasible"]) == ([109, 163], None, True)
    assert tracker.seeds[SEED].params["large.upscaler"] == "Lanczos"
    assert "large.png" in tracker.seeds[SEED].artifacts
    assert (study.workspace.pictures / "large-7.png").is_file()


def test_it_is_redrawn_at_the_first_strength_that_breaks_nothing(study: Study, world: World) -> None:
    world.paint_tile = torn_above(0.18)
    printed = huanhua("enlarge", "x", "--redraw")
    assert "redrawn in 9 tiles at 0.15" in printed
    assert "redrawn at 0.2: breaks hands, and is not kept" in printed
    strengths = [one.strength for one in world.asked]
    assert strengths == [0.2] * 9 + [0.15] * 9
    assert [one.job.seed for one in world.asked] == [*range(SEED + 1, SEED + 10)] * 2
    pick = outcome_of(study).pick
    assert pick is not None
    assert all(one.job.point == pick.point for one in world.asked)
    assert {one.picture.size for one in world.asked} == {SIZE}
    assert "redrawn at 0.2: breaks hands" in huanhua("show", "x")


def test_the_time_announced_is_that_of_the_steps_that_are_taken(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    announced: list[tuple[int, float]] = []

    class Listens(SilentCallback):
        def announce(self, stage: str, images: int, seconds: float) -> None:
            announced.append((images, seconds))

    monkeypatch.setattr(Study, "seconds_per_image", lambda study: 10.0)
    enlarge_study(study, [SEED], Enlarging(redraw=True), tracker=MemoryTracker(), callback=Listens())
    ((images, seconds),) = announced
    assert images == 27
    assert seconds == pytest.approx(27 * 10.0 * (5 + 4 + 3) / 3 / 20)
    enlarge_study(study, [SEED], tracker=MemoryTracker(), callback=Listens())
    assert len(announced) == 1, "where nothing is drawn nothing is announced"


def test_where_every_strength_breaks_something_it_is_enlarged_alone_and_says_why(study: Study, world: World) -> None:
    world.paint_tile = torn_above(0)
    printed = huanhua("enlarge", "x", "--redraw", status=1)
    assert ", not redrawn: the picture meets every requirement" in printed
    assert all(f"redrawn at {strength:g}: breaks hands" in printed for strength in STRENGTHS)
    found = outcome_of(study).large
    record = outcome_of(study).shown
    assert found is not None
    assert record is not None
    with Image.open(found.image) as one, Image.open(record.image) as other:
        plain = other.convert("RGB").resize((128, 192), Image.Resampling.LANCZOS)
        assert one.convert("RGB").tobytes() == plain.tobytes()


def test_a_tile_that_comes_out_as_nothing_is_a_try_that_failed(study: Study, world: World) -> None:
    world.paint_tile = lambda one: NotDrawn("the UNet gave NaN")
    assert "nothing was drawn (the UNet gave NaN)" in huanhua("enlarge", "x", "--redraw", "--strength", 0.2, status=1)
    lines = huanhua("enlarge", "x", "--redraw", "--strength", 0.2, "--json", status=1).splitlines()
    (told,) = json.loads(lines[-1])["seeds"]
    assert told["large"]["tries"] == [{"strength": 0.2, "breaks": [], "failed": "the UNet gave NaN"}]


def test_its_settings_are_in_its_png(study: Study) -> None:
    with Image.open(large_of(study, redraw=True).large.image) as image:
        settings = read(str(image.info["parameters"]), "x")
    assert settings.seed == SEED
    assert settings.size == SIZE
    assert settings.other["Denoising strength"] == "0.2"
    assert settings.other["SD upscale upscaler"] == "Lanczos"
    assert settings.other["SD upscale overlap"] == "8"
    assert settings.other["Ultimate SD upscale tile_width"] == "64"
    with Image.open(large_of(study).large.image) as image:
        settings = read(str(image.info["parameters"]), "x")
    assert settings.other["Postprocess upscale by"] == "2"
    assert "Denoising strength" not in settings.other


def test_a_mended_pick_is_enlarged_as_it_was_mended(study: Study) -> None:
    first = large_of(study).large
    outcome = outcome_of(study)
    record = outcome.shown
    assert record is not None
    observed = study.observer.observe([picture_of(Shown())])[0]
    redrawn = [Redrawn("hands", 8, 0.4, 4, 1, (0, 0, 9, 9), (1, 1, 5, 5))]
    with Image.open(record.image) as opened:
        opened.convert("RGB").point(lambda level: level // 2).save(study.workspace.root / "half.png")
    store_mended(study, SEED, record, (study.workspace.root / "half.png").read_bytes(), observed, redrawn)
    assert outcome_of(study).large is None, "it was made of the picture before it was mended"
    found = large_of(study).large
    assert found.making.mended
    assert found.image != first.image
    assert "the mended picture of trial" in huanhua("show", "x")


def test_it_is_exported_beside_the_pick(study: Study) -> None:
    found = large_of(study)
    done = export_to(study, found.outcome, "png")
    assert [path.name for path in done.paths] == ["seed-7.png", "seed-7-large.png"]
    assert done.paths[1].read_bytes() == found.large.image.read_bytes()
    assert any("enlarged to 128x192" in note for note in done.notes)


def test_an_upscaler_is_applied_until_the_size_is_reached(study: Study, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    from models.vision.upscaler import open_upscaler

    save_file(brighter(rrdb(width=16, growth=32, scale=2)), tmp_path / "2x-random.safetensors")
    upscaler = open_upscaler(tmp_path / "2x-random.safetensors")
    picture = Image.new("RGB", SIZE, (90, 40, 200))
    assert enlarged(picture, (192, 288), upscaler).size == (192, 288)
    assert enlarged(picture, (128, 192), upscaler).tobytes() == upscaler.enlarge(picture).tobytes()
    printed = huanhua("enlarge", "x", "--by", 3, "--upscaler", tmp_path / "2x-random.safetensors")
    assert "enlarged to 192x288 by 2x-random" in printed


def test_a_seed_without_a_pick_is_refused(tmp_path: Path, world: World, tracker: MemoryTracker) -> None:
    hard = searched(tmp_path / "hard", world, face=1.5)
    assert outcome_of(hard).pick is None
    with pytest.raises(InputError, match="there is no pick"):
        enlarge_study(hard)
    with pytest.raises(InputError, match=r"seed 9 was not run: .*name one that was run: 7$"):
        enlarge_study(hard, [9])


def test_seeds_that_nobody_names_and_have_no_pick_are_left_out_and_said() -> None:
    def found(seed: int, pick: object = None, mended: object = None) -> Any:
        return SimpleNamespace(outcome=SimpleNamespace(seed=seed, pick=pick, mended=mended))

    said: list[str] = []
    callback: Any = SimpleNamespace(message=said.append)
    whole, broken = SimpleNamespace(feasible=True), SimpleNamespace(feasible=False)
    seeds = [found(1, pick=1), found(2), found(3, mended=whole), found(4, mended=broken)]
    assert [one.outcome.seed for one in with_picks(seeds, callback, named=False)] == [1, 3]
    assert said == ["no pick at seed 2, 4: see `huanhua show STUDY`"]
    with pytest.raises(InputError, match="there is no pick"):
        with_picks(seeds, callback, named=True)


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"by": 1.0}, "a picture 1 times as large"),
        ({"by": 4.01}, "a picture 4.01 times as large.*at most 4"),
        ({"by": float("nan")}, "a picture nan times as large"),
        ({"redraw": True, "strength": 0.0}, "a denoising strength of 0"),
        ({"redraw": True, "strength": 1.5}, "a denoising strength of 1.5"),
        ({"strength": 0.3}, "add --redraw"),
    ],
)
def test_settings_out_of_range(settings: dict[str, Any], line: str) -> None:
    with pytest.raises(InputError, match=line):
        Enlarging(**settings)


def test_pictures_of_too_many_pixels_are_refused() -> None:
    side = round(MAX_PIXELS**0.5) // 2
    with pytest.raises(InputError, match=r"a picture 1.001 times as large is not a pixel larger"):
        Enlarging(by=1.001).size((64, 96))
    with pytest.raises(InputError, match="million are the most"):
        Enlarging(by=2.1).size((side, side))
    eight: Any = SimpleNamespace(scale=8, name="8x")
    with pytest.raises(InputError, match="an upscaler of fewer times"):
        Enlarging(by=2, upscaler=eight).size((2048, 2048))


def test_what_cannot_redraw_is_refused_and_may_enlarge(study: Study) -> None:
    assert isinstance(study.backend, FakeBackend)
    study.backend.renderer = FakeWorld(SIZE)
    with pytest.raises(InputError, match="cannot redraw"):
        large_of(study, redraw=True)
    assert outcome_of(study).large is None
    assert large_of(study).large.feasible


def test_a_disk_without_room_is_refused_before_anything_is_drawn(
    study: Study, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=1000))
    with pytest.raises(InputError, match="0 MB are free"):
        large_of(study, redraw=True)
    assert world.asked == []


def test_a_disk_that_fills_up_leaves_what_was_there(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    first = large_of(study).large

    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("studies.run.beside.stored.write_whole", full)
    with pytest.raises(InputError, match="the disk is full"):
        large_of(study, by=3.0)
    assert outcome_of(study).large == first


def test_one_that_is_interrupted_leaves_what_was_there(study: Study, world: World) -> None:
    first = large_of(study).large
    files = sorted((study.workspace.root / FOLDER).iterdir())

    def stopped(one: Redrawing) -> Image.Image:
        if len(world.asked) > 4:
            raise KeyboardInterrupt
        return one.picture

    world.paint_tile = stopped
    with pytest.raises(KeyboardInterrupt):
        large_of(study, redraw=True)
    assert outcome_of(study).large == first
    assert sorted((study.workspace.root / FOLDER).iterdir()) == files


def test_another_one_takes_the_place_of_the_first(study: Study) -> None:
    first, second = large_of(study).large, large_of(study, by=3.0).large
    assert first.image != second.image
    assert not first.image.exists()
    assert len(list((study.workspace.root / FOLDER).iterdir())) == 2


def test_a_study_that_is_being_run_is_refused(study: Study) -> None:
    with only_runner(study.storage_url, study.spec.name, lambda text: None), pytest.raises(InputError):
        large_of(study)


def test_a_damaged_file_is_one_line(study: Study) -> None:
    large_of(study)
    (file,) = (study.workspace.root / FOLDER).glob("*.json")
    file.write_text("{}")
    with pytest.raises(InputError, match=r"a damaged file of the workspace.*huanhua enlarge STUDY"):
        outcome_of(study)


def test_a_control_net_of_tiles_must_be_there_and_hold_a_redrawing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a ControlNet of tiles is told what is redrawn"):
        Enlarging(tile=tmp_path / "net.safetensors")
    study = fake_study(tmp_path, size=SIZE)
    with pytest.raises(InputError, match=r"no such ControlNet"):
        enlarge_study(study, [SEED], Enlarging(redraw=True, tile=tmp_path / "net.safetensors"))
