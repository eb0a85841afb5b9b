"""In Chromium: the wardrobe's picture is mended and enlarged on the page, by keyboard too, and stands there without a reload."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from dashboards.processes import free_port
from studies.service.queue import worker
from studies.service.queue.jobs import change, job_of
from studies.service.queue.keeper import Keeper
from studies.service.rest.app import guarded
from studies.service.rest.door import Door
from studies.service.rest.house import house_of
from studies.service.rooms import rooms_of
from studies.workspace import workspace_of
from tests.dashboards.browser import chromium
from tests.dashboards.test_wardrobe_browser import opened, until
from tests.studies.service.beside.fake_verbs import broken_hands, on_fakes

pytestmark = pytest.mark.slow
WAIT_MS = 90_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return broken_hands(tmp_path / "outfit")


@pytest.fixture
def address(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Of a service whose workers do the jobs on fakes, slowly enough to be watched."""
    on_fakes(monkeypatch, seconds=0.5)
    port = free_port()
    house = house_of(rooms_of(folder))
    server = uvicorn.Server(uvicorn.Config(guarded(house, Door()), port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{port}/"
    house.feed.end()
    server.should_exit = True
    thread.join()


def line(page: Any, name: str) -> Any:
    return page.locator(f"#results .beside .{name}")


def test_hands_are_mended_and_the_picture_enlarged_by_keyboard(browser: Any, address: str) -> None:
    page, errors = opened(browser, address)
    mend, enlarge = page.locator("[data-act=mend]"), page.locator("[data-act=enlarge]")
    until(enlarge).to_be_disabled()
    until(page.locator("#why-enlarge")).to_contain_text("Enlarge: there is no pick")
    mend.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#mend[open]")
    until(page.locator("#mend input[value=hands]")).to_be_focused()
    until(page.locator("#mend input[value=face]")).to_be_disabled()
    until(page.locator("#no-face")).to_contain_text("which mending the face does not change")
    page.keyboard.press("Space")
    until(page.locator("#mend-ok")).to_be_disabled()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    until(line(page, "left")).to_contain_text("of at most 8 images are drawn", timeout=WAIT_MS)
    until(mend).to_have_attribute("aria-disabled", "true")
    until(page.locator("#dress")).to_be_hidden()
    page.wait_for_selector("#results section.mended", timeout=WAIT_MS)
    until(line(page, "told")).to_have_text("It is mended, and stands below.")
    until(mend).to_be_focused()

    enlarge.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#enlarge[open]")
    page.keyboard.press("ArrowUp")
    until(page.locator("#enlarge-size")).to_have_text("64 × 96 becomes 144 × 216 pixels.")
    page.keyboard.press("Enter")
    page.wait_for_selector("#results section.large", timeout=WAIT_MS)
    until(page.locator("#results section.large a")).to_have_text("Open it whole, 144 × 216 pixels")
    until(page.locator("#results .scores thead")).to_contain_text("Mended")
    until(page.locator("#results .scores thead")).to_contain_text("Large")
    assert errors == []
    page.close()


def test_a_refusal_stands_beside_the_button_in_the_pages_language(
    browser: Any, address: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, _ = opened(browser, address)
    page.click("#language")
    until(page.locator("[data-act=mend]")).to_have_text("修补……")
    study = folder / "study.yaml"
    text = study.read_text(encoding="utf-8")
    study.write_text("name: [", encoding="utf-8")
    page.click("[data-act=mend]")
    page.click("#mend-ok")
    until(line(page, "refused")).to_contain_text("study.yaml")
    assert not line(page, "refused").inner_text().isascii()
    until(page.locator("#fault")).to_be_hidden()
    study.write_text(text, encoding="utf-8")

    monkeypatch.setattr(Keeper, "keep_up", lambda self: None)
    page.click("[data-act=mend]")
    page.click("#mend-ok")
    page.wait_for_selector("#results .beside .halt:not([hidden])")
    workspace = workspace_of(study)
    job = job_of(workspace)
    assert job is not None
    # What only the command finds comes as an event, which browsers ask for in their own language.
    change(workspace, job, words=("--seed", "7", "--parts", "face"))
    worker.work(rooms_of(folder))
    until(line(page, "refused")).to_contain_text("失败", timeout=WAIT_MS)
    until(line(page, "refused")).not_to_contain_text("which mending the face does not change", timeout=WAIT_MS)
    page.close()


def test_a_mend_is_stopped_and_leaves_all_as_it_was(
    browser: Any, address: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_fakes(monkeypatch, seconds=60)
    page, errors = opened(browser, address)
    page.click("[data-act=mend]")
    page.click("#mend-ok")
    until(line(page, "left")).to_contain_text("images are drawn", timeout=WAIT_MS)
    page.locator("#results .beside .halt").click()
    until(line(page, "told")).to_have_text("Mending was stopped.", timeout=WAIT_MS)
    assert not (folder / "workspace" / "mended").exists()
    until(page.locator("#resume")).to_be_hidden()
    assert errors == []
    page.close()


@pytest.mark.parametrize(("theme", "locale"), [("light", "zh-CN"), ("dark", "en-US")])
def test_dialogs_fit_a_telephone(browser: Any, address: str, theme: str, locale: str) -> None:
    page, errors = opened(browser, address, viewport={"width": 390, "height": 844}, color_scheme=theme, locale=locale)
    page.click("[data-act=mend]")
    box = page.locator("#mend").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.keyboard.press("Escape")
    until(page.locator("#mend")).to_be_hidden()
    assert errors == []
    page.close()
