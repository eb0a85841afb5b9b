"""docs/api.md: its Python runs as it stands, on a study whose models are fakes."""

from __future__ import annotations

import re
from inspect import signature
from pathlib import Path
from types import SimpleNamespace

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
    monkeypatch.setattr("studies.tracking.study_tracker.open_study_tracker", lambda *given, **named: MemoryTracker())
    block = blocks()[0]
    assert len(block.strip().splitlines()) <= 15
    exec(compile(block.replace("trials=40", "trials=8"), str(PAGE), "exec"), {})
    printed = capsys.readouterr().out
    assert "contact sheet" in printed
    assert "nearest photos" in printed


def test_photos_become_a_lora(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The calls fit the signatures; what they do is tested where it is done."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data/dress/train/10_testdress").mkdir(parents=True)
    asked = []

    def prepare(photos: Path, out: Path, settings: huanhua.PrepareSettings, *, parser: str) -> tuple[None, Path]:
        asked.append((photos, out, settings.trigger, parser))
        return None, out / "contact-sheet.png"

    def train(request: huanhua.TrainRequest, base: str) -> SimpleNamespace:
        asked.append((request.dataset, request.out, request.trigger, base))
        return SimpleNamespace(path=request.out, steps=4000, loss=0.1)

    for fake, real in ((prepare, huanhua.prepare_photos), (train, huanhua.train_lora)):
        assert [*signature(fake).parameters] == [
            name for name in signature(real).parameters if name in signature(fake).parameters
        ]
    monkeypatch.setattr(huanhua, "prepare_photos", prepare)
    monkeypatch.setattr(huanhua, "train_lora", train)
    exec(compile(blocks()[1], str(PAGE), "exec"), {})
    assert asked == [
        (Path("photos/dress"), Path("data/dress"), "testdress", "models/fashn-human-parser"),
        (Path("data/dress"), Path("loras/testdress.safetensors"), "testdress", "models/chilloutmix.safetensors"),
    ]


def test_the_search_runs_alone(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(blocks()[2], str(PAGE), "exec"), {})
    assert capsys.readouterr().out.startswith("{'dress': 0.4")
