"""Drawing boxes as a person does, by mouse and keys, and what the boxes file then holds. Needs playwright and Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dashboards.box_page.server import serving
from models.boxes import DrawnBoxes
from studies.training.box_drawing import BoxDrawing
from tests.dashboards.browser import chromium
from trainers.prepare.boxes import read_boxes

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for index in range(4):
        (tmp_path / "photos").mkdir(exist_ok=True)
        Image.effect_noise((400, 600 + index), 60).convert("RGB").save(tmp_path / f"photos/{index}.png")
    return tmp_path / "photos"


@pytest.fixture
def page(browser: Any, photos: Path) -> Iterator[Any]:
    """The page, opened; a fault of its script, or a request to another place, fails the test."""
    faults: list[str] = []
    with serving(BoxDrawing(photos)) as address:
        opened = browser.new_page(viewport={"width": 1100, "height": 800})
        opened.on("pageerror", lambda fault: faults.append(str(fault)))
        opened.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
        opened.on("request", lambda asked: None if asked.url.startswith((address, "data:")) else faults.append(asked.url))
        opened.goto(address)
        ready(opened, "0.png")
        yield opened
        opened.context.close()
    assert faults == []


def ready(page: Any, name: str) -> None:
    page.wait_for_selector(f"#photo[alt='{name}']")
    page.wait_for_selector("#skip:not([disabled])")


def drag(page: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    """From one place of the photo to another, in shares of it."""
    place = page.locator("#frame").bounding_box()
    points = [(place["x"] + x * place["width"], place["y"] + y * place["height"]) for x, y in (start, end)]
    page.mouse.move(*points[0])
    page.mouse.down()
    page.mouse.move(*points[1], steps=5)
    page.mouse.up()


def kept(page: Any, photos: Path, name: str) -> DrawnBoxes:
    page.wait_for_selector("#saved:text-is('saved')")
    return read_boxes(photos / "boxes.json").get(name, DrawnBoxes())


def sides(box: Any) -> Any:
    """In shares of a photo of 400 x 600, to a hundredth."""
    return pytest.approx([box[0] * 400, box[1] * 600, box[2] * 400, box[3] * 600], abs=5)


def test_thing_and_wearer_by_mouse(page: Any, photos: Path) -> None:
    drag(page, (0.3, 0.3), (0.7, 0.6))
    assert [*(kept(page, photos, "0.png").thing or ())] == sides((0.3, 0.3, 0.7, 0.6))
    drag(page, (0.9, 0.95), (0.1, 0.05))
    found = kept(page, photos, "0.png")
    assert [*(found.wearer or ())] == sides((0.1, 0.05, 0.9, 0.95))
    assert found.by_hand
    page.keyboard.press("Enter")
    ready(page, "1.png")
    page.keyboard.press("r")
    assert kept(page, photos, "1.png").is_complete
    assert "2 done" in page.locator("#count").inner_text()


def test_boxes_are_changed_by_mouse_and_taken_back(page: Any, photos: Path) -> None:
    drag(page, (0.3, 0.3), (0.7, 0.6))
    page.keyboard.press("1")
    drag(page, (0.7, 0.6), (0.8, 0.8))
    assert [*(kept(page, photos, "0.png").thing or ())] == sides((0.3, 0.3, 0.8, 0.8))
    drag(page, (0.5, 0.5), (0.4, 0.4))
    assert [*(kept(page, photos, "0.png").thing or ())] == sides((0.2, 0.2, 0.7, 0.7))
    page.keyboard.press("Control+z")
    assert [*(kept(page, photos, "0.png").thing or ())] == sides((0.3, 0.3, 0.8, 0.8))
    place = page.locator("#frame").bounding_box()
    page.mouse.move(place["x"] + 5, place["y"] + 5)
    page.mouse.down()
    page.mouse.move(place["x"] + 90, place["y"] + 90)
    page.keyboard.press("Escape")
    page.mouse.up()
    assert [*(kept(page, photos, "0.png").thing or ())] == sides((0.3, 0.3, 0.8, 0.8))
    page.keyboard.press("Delete")
    assert kept(page, photos, "0.png") == DrawnBoxes()


def test_keys_alone(page: Any, photos: Path) -> None:
    page.keyboard.press("ArrowDown")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Shift+ArrowDown")
    assert [*(kept(page, photos, "0.png").thing or ())] == sides((0.3, 0.25, 0.8, 0.8))
    page.keyboard.press("2")
    page.keyboard.press("f")
    assert [*(kept(page, photos, "0.png").wearer or ())] == sides((0, 0, 1, 1))
    page.keyboard.press("n")
    assert kept(page, photos, "0.png").is_alone
    page.keyboard.press("PageDown")
    ready(page, "1.png")
    page.keyboard.press("s")
    assert kept(page, photos, "1.png").skip
    page.keyboard.press("PageUp")
    ready(page, "0.png")


def test_what_was_drawn_is_there_when_the_page_is_opened_again(page: Any, photos: Path) -> None:
    drag(page, (0.3, 0.3), (0.7, 0.6))
    drag(page, (0.1, 0.1), (0.9, 0.9))
    before = kept(page, photos, "0.png")
    page.reload()
    ready(page, "1.png")
    page.locator("#strip button").first.click()
    ready(page, "0.png")
    assert page.locator("#marks g").count() == 2
    page.keyboard.press("2")
    page.keyboard.press("ArrowLeft")
    found = kept(page, photos, "0.png")
    assert found.thing == before.thing
    assert found.wearer != before.wearer


def test_a_program_that_has_ended_is_said(browser: Any, photos: Path) -> None:
    opened = browser.new_page(viewport={"width": 1100, "height": 800})
    with serving(BoxDrawing(photos)) as address:
        opened.goto(address)
        ready(opened, "0.png")
    drag(opened, (0.3, 0.3), (0.7, 0.6))
    opened.wait_for_selector("#saved.wrong")
    assert "not saved" in opened.locator("#saved").inner_text()
    opened.context.close()


def test_chinese_readers_have_chinese_words(browser: Any, photos: Path) -> None:
    context = browser.new_context(locale="zh-CN")
    opened = context.new_page()
    with serving(BoxDrawing(photos)) as address:
        opened.goto(address)
        ready(opened, "0.png")
        assert "拖" in opened.locator("#hint").inner_text()
        labels = opened.locator("[data-word]").all_inner_texts()
        assert all(any("\u4e00" <= letter <= "\u9fff" for letter in label) for label in labels)
    context.close()
