"""What is stored in a workspace and is not what it should be, or is gone; and seeds that two processes lock at once."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from models.errors import InputError
from studies.cli.app import app
from studies.pipeline import run_study
from studies.run.ladders import CALIBRATION, stored_ladder_seed
from studies.run.scouting import LOCKED, lock, locked_seeds
from studies.run.stored_results import seeds_run, stored_outcomes
from studies.study import Study
from studies.testing.fake_study import FakeWorld, fake_study, opened_on
from studies.tracking.memory import MemoryTracker

LOCKING = """
import sys
from contextlib import nullcontext
from pathlib import Path
from studies.run.scouting import lock
from studies.study import open_study
study = open_study(Path(sys.argv[1]))
for seed in range(int(sys.argv[2]), int(sys.argv[2]) + 20):
    lock(study, [seed])
"""


def without_seeds(root: Path) -> Study:
    """A fake study whose file lists no seeds."""
    fake_study(root)
    file = root / "study.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("seeds: [7]\n", ""), encoding="utf-8")
    return opened_on(root, FakeWorld((64, 96)))


def test_seeds_locked_by_two_processes_at_once_are_all_kept(tmp_path: Path) -> None:
    study = without_seeds(tmp_path / "study")
    starts = (100, 200)
    running = [subprocess.Popen([sys.executable, "-c", LOCKING, str(study.root), str(start)]) for start in starts]
    assert [process.wait() for process in running] == [0, 0]
    assert sorted(locked_seeds(study)) == [start + i for start in starts for i in range(20)]


@pytest.mark.parametrize("junk", [7, "7", {"seed": 7}, ["7"], [7.5], [True], [-1], [2**32], [None], [[7]], False, 0, ""])
def test_locked_seeds_that_are_none_are_one_line(tmp_path: Path, junk: Any) -> None:
    study = without_seeds(tmp_path / "study")
    study.workspace.write(LOCKED, junk)
    line = r"no list of seeds: .*locked\.json; move it away"
    with pytest.raises(InputError, match=line):
        locked_seeds(study)
    with pytest.raises(InputError, match=line):
        lock(study, [7])
    assert study.workspace.read(LOCKED) == junk


@pytest.mark.parametrize(
    "junk", [7, "7", [], {}, {"seed": "7"}, {"seed": 7.5}, {"seed": None}, {"seed": True}, {"seed": -1}, False]
)
def test_a_calibration_that_is_none_is_one_line(tmp_path: Path, junk: Any) -> None:
    study = fake_study(tmp_path / "study")
    study.workspace.write(CALIBRATION, junk)
    with pytest.raises(InputError, match=r"no record of a calibration: .*calibration\.json; move it away"):
        stored_ladder_seed(study)


@pytest.mark.parametrize("key", ["from", "base", "loras", "identity", "seconds", None])
@pytest.mark.parametrize("junk", [7, "text", [1], {"a": 1}, None])
def test_facts_that_are_none_are_one_line_or_opened_anew(tmp_path: Path, key: str | None, junk: Any) -> None:
    study = fake_study(tmp_path / "study")
    stored = study.workspace.read("opened")
    study.workspace.write("opened", junk if key is None else {**stored, key: junk})
    again = opened_on(study.root, FakeWorld((64, 96)))
    anew = key == "from" or (key is None and junk is None) or (key in ("seconds", "identity") and junk == {"a": 1})
    with nullcontext() if anew else pytest.raises(InputError, match="no facts about a study's models"):
        assert again.lora_facts["dress"].hash


def test_hashes_that_are_none_are_computed_anew(tmp_path: Path) -> None:
    from studies.file_hashes import cached_hash

    study = fake_study(tmp_path / "study")
    file = study.root / "base.safetensors"
    right = cached_hash(study.workspace, file)
    others: list[Any] = [7, [], {"../base.safetensors": 7}, {"../base.safetensors": {"files": 1}}]
    for junk in others:
        study.workspace.write("hashes", junk)
        assert cached_hash(study.workspace, file) == right


def test_trials_are_shown_when_the_list_of_locked_seeds_is_lost(tmp_path: Path) -> None:
    study = without_seeds(tmp_path / "study")
    lock(study, [7, 9])
    run_study(study, [7], trials=6, tracker=MemoryTracker())
    assert seeds_run(study) == [7]
    (study.workspace.root / f"{LOCKED}.json").unlink()
    assert seeds_run(study) == [7]
    assert [outcome.seed for outcome in stored_outcomes(study, None)] == [7]


@pytest.mark.parametrize("verb", ["show", "track", "run", "export", "pick"])
@pytest.mark.parametrize("seed", ["-1", "x"])
def test_what_is_no_seed_is_refused_as_such(tmp_path: Path, verb: str, seed: str) -> None:
    fake_study(tmp_path / "study")
    more = {"export": ["--to", "png"], "pick": ["--trial", "0"]}.get(verb, [])
    result = CliRunner().invoke(app, [verb, str(tmp_path / "study"), "--seed", seed, *more])
    assert result.exit_code == 2
    assert "Invalid value for '--seed'" in result.output


@pytest.mark.parametrize("verb", ["show", "track", "run", "export", "pick"])
def test_a_seed_that_nothing_draws_is_refused_by_the_study_s_range(tmp_path: Path, verb: str) -> None:
    fake_study(tmp_path / "study")
    more = {"export": ["--to", "png"], "pick": ["--trial", "0"]}.get(verb, [])
    result = CliRunner().invoke(app, [verb, str(tmp_path / "study"), "--seed", "18446744073709551616", *more])
    assert isinstance(result.exception, InputError)
    assert "whole numbers from 0 to 4294967295" in str(result.exception)


def test_a_file_is_no_folder_of_models(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    result = CliRunner().invoke(app, ["models", "list", "--to", str(tmp_path / "file")])
    assert isinstance(result.exception, InputError)
    assert "not a folder of models" in str(result.exception)


def test_a_workspace_file_that_is_no_json_is_one_line(tmp_path: Path) -> None:
    study = without_seeds(tmp_path / "study")
    (study.workspace.root / f"{LOCKED}.json").write_bytes(json.dumps([7]).encode("utf-16"))
    with pytest.raises(InputError, match="a damaged file of the workspace"):
        locked_seeds(study)
