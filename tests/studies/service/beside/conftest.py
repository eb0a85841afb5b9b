"""A served folder whose one picture hands alone block, whose jobs are done on fakes by processes of their own."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree

import pytest

from studies.service.rooms import Rooms, rooms_of
from tests.studies.service.beside.fake_verbs import broken_hands


@pytest.fixture(scope="session")
def broken_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return broken_hands(tmp_path_factory.mktemp("broken") / "outfit")


@pytest.fixture
def rooms(broken_once: Path, tmp_path: Path) -> Rooms:
    return rooms_of(copytree(broken_once, tmp_path / "outfit"))
