"""For all tests: one torch thread, since small models lose more by waiting for each other; no deadlines on examples; English, on
whatever system they run."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HUANHUA_LANG"] = "en"
settings.register_profile("untimed", deadline=None, max_examples=50)
settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The file that takes longest first: with two workers the other files run next to it."""
    items.sort(key=lambda item: item.path.name != "test_demo.py")
