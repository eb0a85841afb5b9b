"""The page of a LoRA report in a browser: it opens from disk without a network, fits a phone, and unveils when asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboards.lora_report.writing import write_report
from tests.dashboards.browser import chromium
from tests.dashboards.test_lora_report import HOSTILE, page

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


def test_it_opens_from_disk_fits_a_phone_and_unveils(browser: Any, tmp_path: Path) -> None:
    opened = browser.new_page(viewport={"width": 390, "height": 800})
    faults: list[str] = []
    opened.context.set_offline(True)
    opened.on("pageerror", lambda fault: faults.append(str(fault)))
    opened.on("console", lambda said: faults.append(said.text))
    opened.goto(write_report(page(tmp_path / "made", HOSTILE, bare=True), tmp_path / "out").as_uri())
    assert opened.evaluate("document.documentElement.scrollWidth") <= 390
    assert opened.locator("svg circle").count() == 2
    assert opened.locator("tr.chosen").inner_text().split() == ["last", "0.5"]
    image = opened.locator(".frame.bare img")
    image.scroll_into_view_if_needed()
    assert "blur" in image.evaluate("element => getComputedStyle(element).filter")
    opened.locator("#unveil").check()
    assert image.evaluate("element => getComputedStyle(element).filter") == "none"
    assert faults == []
    opened.context.close()
