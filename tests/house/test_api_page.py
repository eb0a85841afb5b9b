"""docs/api.md: its Python runs as it stands, on a study whose models are fakes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import huanhua
from studies.testing.fake_study import fake_study
from studies.tracking.memory import MemoryTracker

PAGE = Path(__file__).parents[2] / "docs/api.md"


def blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_a_study_runs_in_fifteen_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    study = fake_study(tmp_path / "my-study")
    monkeypatch.setattr(huanhua, "open_study", lambda path: study)
    monkeypatch.setattr("studies.tracking.of_study.open_study_tracker", lambda *given, **named: MemoryTracker())
    block = blocks()[0]
    assert len(block.strip().splitlines()) <= 15
    exec(compile(block.replace("trials=40", "trials=8"), str(PAGE), "exec"), {})
    printed = capsys.readouterr().out
    assert "contact sheet" in printed
    assert "nearest photos" in printed


def test_the_search_runs_alone(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(blocks()[1], str(PAGE), "exec"), {})
    assert capsys.readouterr().out.startswith("{'dress': 0.4")
