"""What `doctor` reports of a machine and of a study, and what it never reveals."""

from __future__ import annotations

import gc
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from models.errors import InputError
from studies.cli.app import app
from studies.doctor import machine as diagnosis
from studies.doctor.redact import redacted
from studies.doctor.study import study_lines
from studies.testing.lab_study import SPEC, study_in


@pytest.mark.parametrize(
    ("text", "redacted_text"),
    [
        (f"no such file: {Path.home()}/models/a.safetensors", "no such file: ~/models/a.safetensors"),
        ("C:\\Users\\alice\\loras\\x.pt", "~\\loras\\x.pt"),
        ("/home/alice/x and /Users/bob/y", "~/x and ~/y"),
        ("postgresql+psycopg://u:pa55word@db.example.org:5432/x", "postgresql+psycopg://***@HOST:5432/x"),
        ("http://mlflow.example.org:5000", "http://HOST:5000"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("token hf_abcdefghijklmnop", "token hf_***"),
        ("key is s3cr3ts3cr3t.", "key is ***."),
    ],
)
def test_a_bug_report_holds_no_home_no_secret_and_no_host(text: str, redacted_text: str) -> None:
    assert redacted(text, {"HF_TOKEN": "s3cr3ts3cr3t"}) == redacted_text


def test_the_name_of_this_machine_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "node", lambda: "alices-laptop")
    assert redacted("ran on alices-laptop, not alices-laptop-2", {}) == "ran on HOST, not alices-laptop-2"


@given(st.text(alphabet="abcdefghij0123456789", min_size=6, max_size=30), st.text(), st.text())
def test_no_secret_of_the_environment_is_ever_shown(secret: str, before: str, after: str) -> None:
    assert secret not in redacted(f"{before} {secret} {after}".replace("*", ""), {"MY_PASSWORD": secret})


def test_a_cpu_torch_beside_a_gpu_is_shouted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.version.cuda", None)
    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/nvidia-smi")
    lines = dict(diagnosis.device_lines())
    (shouted,) = [line for line, well in lines.items() if not well]
    assert "BUILT FOR THE CPU ALONE" in shouted
    assert "pip install" in shouted
    monkeypatch.setattr("torch.version.cuda", "13.0")
    assert any("TORCH FOR CUDA 13.0 DOES NOT REACH IT" in line for line in dict(diagnosis.device_lines()))


def test_no_gpu_no_shout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr(diagnosis, "gpu_is_here", lambda: False)
    assert all(well for _, well in diagnosis.device_lines())


def test_a_missing_library_comes_with_the_command_that_installs_it() -> None:
    assert diagnosis.library_line("no-such-library") == (
        "library    no-such-library MISSING: pip install -c constraints.txt .",
        False,
    )
    assert diagnosis.extra_line("no-such-library", "ray")[0].endswith("pip install 'huanhua[ray]'")
    assert diagnosis.library_line("optuna")[0].endswith("MIT License") or "MIT" in diagnosis.library_line("optuna")[0]


def test_every_model_of_a_study_is_tried_and_the_first_that_fails_hides_no_other(tmp_path: Path) -> None:
    study = study_in(
        tmp_path, scorers={**SPEC["scorers"], "parts": {"model": "./none"}, "garment": {"model": "local-dir:./none"}}
    )
    shutil.rmtree(tmp_path / "s")
    lines = dict(study_lines(study))
    by_kind = {line.split()[0]: line for line in lines}
    assert set(by_kind) == {"base", "LoRAs", "parts", "garment", "face", "hands", "photos"}
    assert "DOES NOT OPEN" in by_kind["base"]
    assert "non-commercial" in by_kind["face"]
    assert "photos     dress: d is there" in lines
    assert not lines["photos     shoes: s IS NOT THERE"]


def test_doctor_of_no_study_is_one_line(tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["doctor", str(tmp_path / "none")])
    assert isinstance(run.exception, InputError)


def test_the_last_lines_count_what_is_wrong_and_lead_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "lab_lines", lambda: iter([]))
    monkeypatch.setattr(diagnosis, "device_lines", lambda: iter([]))
    monkeypatch.setattr(
        diagnosis, "memory_lines", lambda folder: iter([("disk       0.1 GiB free: TOO LITTLE, make room", False)])
    )
    machine = CliRunner().invoke(app, ["doctor"])
    assert machine.exit_code == 1
    assert machine.stderr.splitlines() == ["1 of these lines says what is wrong"]
    study = study_in(tmp_path)
    monkeypatch.setattr("studies.doctor.study.study_lines", lambda study: iter([("photos     s IS NOT THERE", False)]))
    monkeypatch.setattr("studies.cli.options.open_study", lambda path, workspace: study)
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(app, ["doctor", "."])
    assert told.exit_code == 1
    assert told.stderr.splitlines() == ["2 of these lines say what is wrong", "next: huanhua validate ."]


def test_a_disk_without_room_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=2**29))
    assert [*diagnosis.memory_lines(tmp_path)][1] == ("disk       0.5 GiB free: TOO LITTLE, make room", False)


def test_the_lab_is_opened_without_sweeping_and_sweeping_goes_on_after(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []

    def fails(place: object) -> None:
        seen.append(gc.isenabled())
        raise InputError("broken", "there", "mend it")

    monkeypatch.setattr("models.base.opening.open_base", fails)
    lines = diagnosis.lab_lines()
    assert next(lines)[1] is False
    assert gc.isenabled(), "between the lines too"
    assert [*lines] == []
    assert seen == [False]


def test_versions_and_devices_import_no_heavy_library() -> None:
    code = (
        "import sys\nfrom studies.cli.doctor import LIBRARIES\nfrom studies.doctor.machine import *\n"
        "[library_line(name) for name in LIBRARIES], [extra_line(*one) for one in EXTRAS.items()], [*device_lines()]\n"
        "heavy = {'diffusers', 'transformers', 'peft', 'open_clip', 'insightface', 'onnxruntime', 'optuna', 'mlflow', 'scipy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
