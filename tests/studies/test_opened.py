"""What is stored answers without a model: `show`, `export` and the look-book of a study whose models cannot be opened."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.errors import InputError
from models.io.hashing import hash_path
from optimizer.point import Job
from studies.file_hashes import cached_hash
from studies.lazy import LazyRenderer
from studies.opened import stored_facts
from studies.run.before_trials import judge_for
from studies.run.calibration import plain_point
from studies.run.seed_search import run_seed
from studies.run.stored import seeds_run, stored
from studies.spec import read_spec
from studies.study import Study
from studies.testing.fake_study import fake_study
from studies.testing.painter import Painter
from studies.testing.study_in import study_in
from studies.tracking.memory import MemoryTracker
from studies.workspace import Workspace

SEED = 7
HEAVY = ("torch", "diffusers", "transformers", "open_clip", "insightface", "onnxruntime", "mlflow")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study that was run: its models are fakes, and its files hold anything."""
    study = fake_study(tmp_path_factory.mktemp("known") / "study")
    judge, _ = judge_for(study, SEED, lambda: None)
    run_seed(study, SEED, judge=judge, budget=8, tracker=MemoryTracker(), told=lambda done: None)
    return study


def again(study: Study) -> Study:
    """The same study opened by another process: nothing is open."""
    return Study(read_spec(study.root / "study.yaml"), study.root, Workspace(study.workspace.root))


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


def test_what_is_stored_is_known_until_a_file_or_the_study_changes(run: Study) -> None:
    assert stored_facts(again(run)) == stored_facts(run)
    assert stored_facts(run) is not None
    lora = run.root / "dress.safetensors"
    held = lora.stat()
    lora.write_text("another")
    assert stored_facts(again(run)) is None
    lora.write_text("dress.safetensors")
    assert stored_facts(again(run)) is None, "the same size, written later"
    os.utime(lora, ns=(held.st_atime_ns, held.st_mtime_ns))
    assert stored_facts(again(run)) is not None
    text = (run.root / "study.yaml").read_text()
    (run.root / "study.yaml").write_text(text.replace("1girl", "1girl, smiling"))
    assert stored_facts(again(run)) is None
    (run.root / "study.yaml").write_text(text)


def test_a_worker_opens_a_renderer_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = study_in(tmp_path)
    del study.__dict__["renderer"]
    monkeypatch.setattr("optimizer.render.diffusers_renderer.DiffusionRenderer", lambda *given, **named: Painter())
    study.open_renderer()
    assert list(tmp_path.iterdir()) == []
    assert study.renderer.identity() == Painter().identity()
    assert (study.workspace.root / "opened.json").is_file()


def test_a_hash_is_kept_until_size_or_time_changes(tmp_path: Path) -> None:
    place, file = Workspace(tmp_path / "workspace"), tmp_path / "a" / "b.txt"
    file.parent.mkdir()
    file.write_text("one")
    assert cached_hash(place, file) == hash_path(file)
    assert not place.root.exists(), "looking makes no workspace"
    place.make()
    for path in (file, file.parent):
        assert cached_hash(place, path) == hash_path(path)
    file.write_text("another")
    assert cached_hash(place, file) == hash_path(file)
    assert cached_hash(place, file.parent) == hash_path(file.parent)


def test_images_that_are_not_there_are_refused_and_not_drawn(run: Study, tmp_path: Path) -> None:
    study = again(run)
    place = study.evaluator.renderer.path(Job(SEED, plain_point(study)))
    held = place.read_bytes()
    place.unlink()
    with pytest.raises(InputError, match="1 images of it are not in the workspace"):
        stored(study, SEED)
    place.write_bytes(held)
    assert len(stored(study, SEED).outcome.trials) == 8


def test_a_seed_that_was_not_run_is_refused(run: Study, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing was run here yet: seed 8"):
        stored(again(run), 8)
    with pytest.raises(InputError, match="nothing was run here yet"):
        seeds_run(fake_study(tmp_path / "new"))


def test_a_renderer_that_turns_out_to_be_another_draws_nothing(run: Study) -> None:
    late = LazyRenderer({**run.renderer.identity(), "path": "folded"}, lambda: run.renderer)
    drawn = len(run.renderer.drawn)  # type: ignore[attr-defined]
    with pytest.raises(InputError, match=r"would now draw otherwise than the stored images were drawn \(path\)"):
        late.render([Job(1, plain_point(run))])
    assert len(run.renderer.drawn) == drawn  # type: ignore[attr-defined]
