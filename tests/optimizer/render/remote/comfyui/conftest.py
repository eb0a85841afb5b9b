"""Closes what the tests of this folder open."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.optimizer.render.remote.comfyui.drawn_with import OPENED


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().close()
