"""A second Ray head on the same port is refused before anything is started or written."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboards import ray_head
from models.errors import InputError


def test_where_a_head_answers_already(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_head, "find_spec", lambda name: object())
    monkeypatch.setattr(ray_head, "answers", lambda address: address == "http://127.0.0.1:8299/api/version")
    with (
        pytest.raises(InputError, match=r"a Ray head answers there already: http://127\.0\.0\.1:8299"),
        ray_head.ray_head(tmp_path / "logs", jobs_port=8299),
    ):
        raise AssertionError("two heads")
    assert not (tmp_path / "logs").exists()
