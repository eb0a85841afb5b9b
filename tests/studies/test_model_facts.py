"""What is stored answers without a model: `show`, `export`, the look-book, a grid and a finished run open none."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from models.errors import InputError
from models.io.hashing import hash_path
from optimizer.point import Job
from scorers.testing.fake_observer import FakeObserver
from studies.announce import announce
from studies.callback import SilentCallback
from studies.cli.app import app
from studies.file_hashes import cached_hash
from studies.local_models import LocalModels
from studies.model_facts import OPENED, OpenedFacts, facts_source, stored_facts
from studies.pipeline import run_study
from studies.run.calibration import calibrate, load_calibration
from studies.run.ladders import plain_point
from studies.run.stored_results import seeds_run, stored
from studies.spec import read_spec
from studies.study import Study, open_study
from studies.testing.fake_study import FakeWorld, fake_study, opened_on
from studies.testing.lab_study import fake_backend
from studies.tracking.memory import MemoryTracker
from studies.workspace import Workspace

SEED = 7
HEAVY = ("torch", "diffusers", "transformers", "open_clip", "insightface", "onnxruntime", "mlflow")
SIZE = (64, 96)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study that was run: its models are fakes, and its files hold anything."""
    study = fake_study(tmp_path_factory.mktemp("stored") / "study", size=SIZE)
    run_study(study, [SEED], trials=8, tracker=MemoryTracker())
    return study


@pytest.fixture
def copied(run: Study, tmp_path: Path) -> Study:
    """The same study in a folder of its own, opened by another process: nothing is open."""
    shutil.copytree(run.root, tmp_path / "study", copy_function=shutil.copy2)
    return opened_on(tmp_path / "study", FakeWorld(SIZE))


def facts(study: Study) -> OpenedFacts | None:
    """Of the study file as it is now."""
    return stored_facts(study.workspace, facts_source(read_spec(study.root / "study.yaml"), study.root))


def test_facts_of_an_earlier_version_name_the_family_by_is_xl(copied: Study) -> None:
    stored_now = copied.workspace.read(OPENED) or {}
    earlier = stored_now | {"base": {k: v for k, v in stored_now["base"].items() if k != "family"}}
    for is_xl, family in ((False, "sd15"), (True, "sdxl")):
        copied.workspace.write(OPENED, earlier | {"base": earlier["base"] | {"is_xl": is_xl}})
        found = facts(copied)
        assert found is not None
        assert found.models.base.family == family


def test_facts_of_a_base_with_zero_snr_are_of_no_use_before_its_noise_levels_were_drawn(copied: Study) -> None:
    stored_now = copied.workspace.read(OPENED) or {}
    base = stored_now["base"] | {"schedule": {"rescale_betas_zero_snr": True}}
    for path, kept in (("folded-3", False), ("folded-3 tiled", False), ("folded-3 zsnr tiled", True)):
        copied.workspace.write(OPENED, stored_now | {"base": base, "identity": stored_now["identity"] | {"path": path}})
        assert (facts(copied) is not None) == kept


def test_show_export_and_the_look_book_load_no_heavy_library(run: Study) -> None:
    words = [["show", str(run.root)], ["export", str(run.root), "--seed", "7", "--to", "a1111"], ["lookbook", str(run.root)]]
    code = f"""
import json, sys
from studies.cli.app import app
for words in {words!r}:
    try:
        app(words)
    except SystemExit as end:
        assert end.code == 0, (words, end.code)
    print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    assert [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")] == [[], [], []]
    assert "seed 7: 8 trials" in done.stdout


def test_a_finished_run_and_stored_grids_open_no_model(copied: Study) -> None:
    backend, tracker = fake_backend(copied), MemoryTracker()
    (outcome,) = run_study(copied, [SEED], trials=8, tracker=tracker)
    assert len(outcome.trials) == 8
    assert outcome == stored(copied, SEED).outcome or outcome.stopped
    announce(copied, SilentCallback(), "grid", 3)
    for job in [Job(SEED, trial.judged.point) for trial in outcome.trials]:
        assert copied.evaluator.load(job, alone=True) is not None
    load_calibration(copied, SEED)
    assert backend.opened == []


@pytest.mark.parametrize(
    "words",
    [
        ["show"],
        ["export", "--seed", "7", "--to", "a1111"],
        ["lookbook"],
        ["run", "--trials", "8"],
        ["grid", "--seed", "7", "--x", "dress=0.6", "--y", "shoes=0.6"],
    ],
)
def test_verbs_on_stored_work_open_no_model(copied: Study, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    """With the real backend, whose openers raise."""

    def opened(*_: Any) -> Any:
        raise AssertionError("a model was opened")

    for name in ("base", "loras", "embeddings", "renderer", "observer"):
        monkeypatch.setattr(LocalModels, name, property(opened))
    # The speed of this machine's device is stored, as the run would have.
    study = open_study(copied.root)
    stored_json = study.workspace.read(OPENED)
    study.workspace.write(OPENED, {**stored_json, "seconds": {study.backend.device(): 0.5}})
    monkeypatch.setattr("studies.tracking.study_tracker.open_study_tracker", lambda *_, **__: MemoryTracker())
    verb, *rest = words
    done = CliRunner().invoke(app, [verb, str(copied.root), *rest])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output


def test_facts_hold_until_a_file_or_the_study_changes(copied: Study, run: Study) -> None:
    assert facts(copied) == facts(run)
    assert facts(copied) is not None
    lora = copied.root / "dress.safetensors"
    before = lora.stat()
    lora.write_text("another")
    assert facts(copied) is None
    lora.write_text("dress.safetensors")
    assert facts(copied) is None, "the same size, written later"
    os.utime(lora, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert facts(copied) is not None
    text = (copied.root / "study.yaml").read_text()
    (copied.root / "study.yaml").write_text(text.replace("1girl", "1girl, smiling"))
    assert facts(copied) is None


def test_a_workspace_of_before_speeds_were_stored_is_measured_once(copied: Study) -> None:
    written = copied.workspace.read(OPENED)
    copied.workspace.write(OPENED, {key: value for key, value in written.items() if key != "seconds"})
    first = opened_on(copied.root, FakeWorld(SIZE))
    assert first.seconds_per_image() == 0.0
    assert "renderer" in fake_backend(first).opened
    second = opened_on(copied.root, FakeWorld(SIZE))
    assert second.seconds_per_image() == 0.0
    assert fake_backend(second).opened == []
    assert second.workspace.read(OPENED) == written


def test_a_hash_is_kept_until_size_or_time_changes(tmp_path: Path) -> None:
    place, file = Workspace(tmp_path / "workspace"), tmp_path / "a" / "b.txt"
    file.parent.mkdir()
    file.write_text("one")
    assert cached_hash(place, file) == hash_path(file)
    assert not place.root.exists(), "a query makes no workspace"
    place.make()
    for path in (file, file.parent):
        assert cached_hash(place, path) == hash_path(path)
    file.write_text("another")
    assert cached_hash(place, file) == hash_path(file)
    assert cached_hash(place, file.parent) == hash_path(file.parent)


def test_images_that_are_not_there_are_refused_and_not_drawn(copied: Study) -> None:
    place = copied.evaluator.place(Job(SEED, plain_point(copied)))
    png = place.read_bytes()
    place.unlink()
    with pytest.raises(InputError, match="1 images of it are not in the workspace"):
        stored(copied, SEED)
    with pytest.raises(InputError, match=r"not calibrated: 1 images are missing \(the plain image\): seed 7"):
        load_calibration(copied, SEED)
    place.write_bytes(png)
    assert len(stored(copied, SEED).outcome.trials) == 8
    assert fake_backend(copied).opened == []


def test_what_calibrate_draws_is_what_load_calibration_loads(tmp_path: Path) -> None:
    study = fake_study(tmp_path / "study")
    with pytest.raises(InputError, match=r"the plain image, the ladder of face, .*, the locked image"):
        load_calibration(study, SEED)
    assert not list(study.workspace.images.glob("*.png"))
    assert study.workspace.read("calibration") is None
    drawn = calibrate(study, SEED)
    assert load_calibration(opened_on(study.root, FakeWorld(SIZE)), SEED) == drawn


def test_a_seed_that_was_not_run_is_refused(copied: Study, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"seed 8 was not run: .*`huanhua run STUDY --seed 8`, or name one that was run: 7$"):
        stored(copied, 8)
    with pytest.raises(InputError, match="nothing was run here yet"):
        seeds_run(fake_study(tmp_path / "new"))


class OtherWorld(FakeWorld):
    def identity(self) -> dict[str, Any]:
        return {**super().identity(), "path": "folded"}


def test_a_renderer_that_turns_out_to_be_another_draws_nothing(copied: Study) -> None:
    world = OtherWorld(SIZE)
    study = opened_on(copied.root, world)
    job = Job(1, plain_point(study))
    for _ in range(2):
        with pytest.raises(
            InputError,
            match=r"would now draw otherwise than the stored images were drawn \(order of arithmetic was nothing and is folded\)",
        ):
            study.evaluator.evaluate(job.seed, job.point)
    assert world.drawn == []
    # The line's advice works.
    again = opened_on(copied.root, world)
    again.evaluator.evaluate(job.seed, job.point)
    assert world.drawn == [job]


def test_an_observer_is_opened_for_an_image_alone_and_not_to_read_what_is_stored(copied: Study) -> None:
    backend = fake_backend(copied)
    assert isinstance(backend.observing, FakeObserver)
    job = Job(SEED, copied.start)
    assert copied.evaluator.load(job, alone=True) is not None
    assert backend.opened == []
    for observation in copied.workspace.images.glob("*.json"):
        observation.unlink()
    assert copied.evaluator.load(job, alone=True) is not None
    assert backend.opened == ["observer"]
    assert backend.observing.observed == 1
