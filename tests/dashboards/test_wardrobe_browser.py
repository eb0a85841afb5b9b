"""The wardrobe in Chromium, served from a study on fakes: chosen, dressed and taken home by mouse and by keyboard alone."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from dashboards.processes import free_port
from studies.pipeline import run_study
from studies.service.queue.jobs import change, job_of
from studies.service.queue.keeper import Keeper
from studies.service.rest.app import guarded
from studies.service.rest.door import Door
from studies.service.rest.house import house_of
from studies.service.rooms import rooms_of
from studies.testing.fake_study import fake_study
from studies.tracking.memory import MemoryTracker
from studies.workspace import workspace_of
from tests.dashboards.browser import chromium

pytestmark = pytest.mark.slow
WAIT_MS = 90_000
"""A pick is logged to MLflow too, which starts for it."""
SIZE = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "outfit"
    run_study(fake_study(place, name="outfit"), [7], trials=8, tracker=MemoryTracker())
    return place


@pytest.fixture
def address(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Of a service whose worker does nothing: the test is the run."""
    monkeypatch.setattr(Keeper, "keep_up", lambda self: None)
    port = free_port()
    house = house_of(rooms_of(folder))
    server = uvicorn.Server(uvicorn.Config(guarded(house, Door()), port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{port}/"
    house.feed.end()
    server.should_exit = True
    thread.join()


def until(locator: Any) -> Any:
    """Waits for what is expected of it; functions that a test hands to the page would be refused by the page's policy."""
    from playwright.sync_api import expect

    return expect(locator)


def opened(browser: Any, address: str, **options: Any) -> tuple[Any, list[str]]:
    """A page on which what was found stands, and its errors."""
    page = browser.new_page(**{"viewport": SIZE, "locale": "en-US", **options})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.goto(address)
    page.wait_for_selector("#results .trade svg .trial", state="attached")
    return page, errors


@pytest.mark.parametrize(("width", "theme", "locale"), [(1280, "light", "en-US"), (768, "dark", "zh-CN"), (390, "dark", "en-US")])
def test_it_fits_and_loads_without_an_error(browser: Any, address: str, width: int, theme: str, locale: str) -> None:
    page, errors = opened(browser, address, viewport={"width": width, "height": 844}, color_scheme=theme, locale=locale)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator("#racks .rack h2").count() == 3
    assert page.locator("#racks .note").count() == 3, "the files of the fake study are no LoRAs, which the racks say"
    assert page.locator("html").get_attribute("lang") == ("zh-Hans" if locale == "zh-CN" else "en")
    assert errors == []
    page.close()


def test_the_language_is_switched_in_place(browser: Any, address: str) -> None:
    page, errors = opened(browser, address)
    reason = page.inner_text("#results .verdict > p:nth-of-type(2)")
    page.click("#language")
    until(page.locator("#dress")).to_have_text("换装")
    until(page.locator("#results .verdict")).not_to_contain_text(reason)
    page.reload()
    page.wait_for_selector("#results:not([hidden])")
    assert page.inner_text("#dress") == "换装"
    assert errors == []
    page.close()


def test_images_arrive_and_the_best_stands_in_the_middle(browser: Any, address: str, folder: Path) -> None:
    page, errors = opened(browser, address)
    page.click("#dress")
    page.wait_for_selector("#stop:not([hidden])")
    workspace = workspace_of(folder / "study.yaml")
    job = job_of(workspace)
    assert job is not None
    job = change(workspace, job, state="running")
    image = next(workspace.images.glob("*.png"))
    lines: list[dict[str, Any]] = [{"event": "plan", "seed": 7, "images": 12, "stored": 2, "expected": 9, "seconds": 70.0}]
    for number, (weight, breaks) in enumerate(((0.6, []), (0.4, []), (0.3, ["dress"]))):
        drawn = {"event": "trial", "seed": 7, "trial": number, "weights": {"dress": weight}, "total_weight": weight}
        judged = {"breaks": breaks, "verdict": "", "bare": number == 2, "best": max(weight, 0.4), "image": str(image)}
        lines.append({**drawn, **judged, "images_left": 6, "seconds_left": 30})
    events = job.events(workspace)
    events.parent.mkdir(exist_ok=True)
    with events.open("a", encoding="utf-8") as file:
        for line in lines:
            print(json.dumps(line), file=file, flush=True)
    page.wait_for_selector("#arrived li >> nth=2")
    assert page.inner_text("#shown .caption") == "Best so far: dress 0.40; total 0.40"
    assert page.inner_text("#progress .left") == "6 images left, at most 30 s"
    assert page.locator("#arrived li").first.get_attribute("class") == "frame bare"
    page.click("#stop")
    until(page.locator("#stop")).to_be_disabled()
    stopped = job_of(workspace)
    assert stopped is not None
    assert stopped.stop
    change(workspace, job, state="stopped")
    page.wait_for_selector("#resume:not([hidden])")
    assert errors == []
    page.close()


def test_another_trial_is_taken_and_given_back_by_keyboard(browser: Any, address: str) -> None:
    page, errors = opened(browser, address)
    before = page.inner_text("#shown .caption")
    page.locator(".fitting [data-move=start]").focus()
    page.keyboard.press("Enter")
    page.locator(".fitting .moves .main").focus()
    page.keyboard.press("Enter")
    back = page.get_by_role("button", name="Back to the search's own pick")
    back.wait_for(timeout=WAIT_MS)
    assert page.inner_text("#shown .caption") != before
    back.focus()
    page.keyboard.press("Enter")
    until(page.locator("#shown .caption")).to_have_text(before, timeout=WAIT_MS)
    assert errors == []
    page.close()


def test_a_level_is_set_by_a_click_and_refusals_are_sentences(browser: Any, address: str, folder: Path) -> None:
    page, _ = opened(browser, address)
    page.get_by_label("The least of dress, from 0 to 1").fill("0.55")
    page.locator(".rungs > div", has_text="dress").get_by_role("button", name="Require it").click()
    until(page.locator("#results .scores")).to_contain_text("at least 0.55")
    assert "dress: 0.55" in (folder / "study.yaml").read_text(encoding="utf-8")
    (folder / "study.yaml").write_text("name: [", encoding="utf-8")
    page.click("#scout")
    page.wait_for_selector("#fault:not([hidden])")
    assert "study.yaml" in page.inner_text("#fault")
    page.close()


def test_little_clothing_is_blurred_until_a_person_asks(browser: Any, address: str) -> None:
    page, _ = opened(browser, address)
    bare = page.locator("#results .frame.bare img").first
    assert bare.count(), "the plain image of the fake study shows nothing on"
    assert "blur" in bare.evaluate("image => getComputedStyle(image).filter")
    page.locator("#unveil").check()
    assert bare.evaluate("image => getComputedStyle(image).filter") == "none"
    page.close()
