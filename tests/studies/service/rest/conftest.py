"""A served folder with one study that was run, on fakes, and a client of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from studies.pipeline import run_study
from studies.service.rest.app import service
from studies.service.rooms import Rooms, rooms_of
from studies.testing.fake_study import fake_study
from studies.tracking.memory import MemoryTracker


@pytest.fixture(scope="session")
def run_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study's folder; seed 7 was run."""
    folder = tmp_path_factory.mktemp("served") / "outfit"
    run_study(fake_study(folder, name="outfit"), [7], trials=10, tracker=MemoryTracker())
    return folder


@pytest.fixture
def rooms(run_once: Path, tmp_path: Path) -> Rooms:
    """A copy of it of one's own."""
    from shutil import copytree

    return rooms_of(copytree(run_once, tmp_path / "outfit"))


@pytest.fixture
def client(rooms: Rooms) -> TestClient:
    """Without the worker: its lifespan is not entered."""
    return TestClient(service(rooms), base_url="http://127.0.0.1:8270")
