"""LoRAs from photos in Chromium: dropped, boxes dragged and moved by keys, cut, tagged, and what a training tells."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from studies.service.queue.jobs import change, job_of
from studies.service.rooms import rooms_of
from studies.service.sets.photo_set import PhotoSet
from studies.training.prepare import prepare_photos
from tests.dashboards.test_wardrobe_browser import address, browser, folder, until
from trainers.prepare.boxes import read_boxes
from trainers.prepare.settings import PrepareSettings

pytestmark = pytest.mark.slow
__all__ = ["address", "browser", "folder"]


def photo(seed: int) -> bytes:
    stream = io.BytesIO()
    Image.effect_noise((400, 600), 40 + 20 * seed).convert("RGB").save(stream, "PNG")
    return stream.getvalue()


def begun(browser: Any, address: str, count: int, **options: Any) -> tuple[Any, list[str]]:
    """A new set with some photos, and the errors of its page."""
    page = browser.new_page(**{"viewport": {"width": 1280, "height": 900}, "locale": "en-US", **options})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{address}photos#new")
    page.fill("#name", "mydress")
    page.click("#begin button")
    page.wait_for_selector("#making:not([hidden])")
    files = [{"name": f"{i}.png", "mimeType": "image/png", "buffer": photo(i)} for i in range(count)]
    page.set_input_files("#files", [*files, {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no photo"}])
    page.wait_for_selector(f"#strip button >> nth={count - 1}")
    until(page.locator("#kept")).to_have_text(f"{count} photos were kept.")
    until(page.locator("#refused")).to_contain_text("notes.txt")
    return page, errors


def drag(page: Any, box: tuple[float, float, float, float]) -> None:
    while not page.evaluate("(photo => photo.complete && photo.naturalWidth > 0)(document.getElementById('photo'))"):
        page.wait_for_timeout(20)
    page.wait_for_timeout(100)
    frame = page.locator("#frame").bounding_box()
    (left, right), (top, bottom) = (
        (frame[start] + box[i] * frame[length], frame[start] + box[i + 2] * frame[length])
        for i, (start, length) in enumerate((("x", "width"), ("y", "height")))
    )
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move(right, bottom, steps=3)
    page.mouse.up()


def test_boxes_by_the_mouse_and_by_keys_are_kept(browser: Any, address: str, folder: Path) -> None:
    page, errors = begun(browser, address, 2)
    until(page.locator("#hint")).to_contain_text("Drag a box around the thing")
    drag(page, (0.25, 0.25, 0.75, 0.75))
    drag(page, (0.1, 0.05, 0.9, 0.95))
    until(page.locator("#hint")).to_have_text("Both boxes are there.")
    until(page.locator("#strip .done")).to_have_count(1)
    file = folder / "photos" / "mydress" / "boxes.json"
    before = read_boxes(file)["0.png"]
    assert before.thing is not None
    assert abs(before.thing.left - 100) <= 3
    page.focus("#stage")
    for key in ("1", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    until(page.locator("#photo-name")).to_have_text("1.png")
    for key in ("ArrowUp", "2", "ArrowDown"):
        page.keyboard.press(key)
    until(page.locator("#strip .done")).to_have_count(2)
    moved = read_boxes(file)["0.png"]
    assert moved.thing is not None
    assert moved.thing.left == before.thing.left + 4
    page.keyboard.press("s")
    until(page.locator("#strip .skip")).to_have_count(1)
    assert errors == []
    page.close()


def test_crops_tags_and_what_a_training_tells(browser: Any, address: str, folder: Path) -> None:
    page, errors = begun(browser, address, 1)
    drag(page, (0.25, 0.25, 0.75, 0.75))
    drag(page, (0.1, 0.05, 0.9, 0.95))
    until(page.locator("#strip .done")).to_have_count(1)
    photo_set = PhotoSet(rooms_of(folder), "mydress")
    page.click("#cut")
    page.wait_for_selector("#stop:not([hidden])")
    prepare_photos(photo_set.photos, photo_set.data, PrepareSettings("clothing", "mydress", (128, 192)), parser="none")
    job = job_of(photo_set.workspace)
    assert job is not None
    change(photo_set.workspace, job, state="finished")
    page.wait_for_selector("#crops .shot >> nth=1")
    page.fill("#tags", "pink dress, bow")
    page.click(".tags button")
    until(page.locator(".tags button")).to_be_disabled()
    (caption,) = photo_set.data.glob("train/*/0.png.txt")
    assert caption.read_text(encoding="utf-8") == "mydress, pink dress, bow\n"
    until(page.locator("#train-lead")).to_contain_text("No base is here")
    job = change(photo_set.workspace, job, state="running", verb="train", words=("--out", "none"))
    events = job.events(photo_set.workspace)
    events.parent.mkdir(exist_ok=True)
    photo_set.samples.mkdir()
    Image.new("RGB", (8, 8)).save(photo_set.samples / "step-000004-seed-1.png")
    step = {"event": "step", "step": 4, "of": 8, "loss": 0.25, "seconds_left": 20.0}
    sample = {"event": "sample", "step": 4, "file": "step-000004-seed-1.png"}
    events.write_text(f"{json.dumps(step)}\n{json.dumps(sample)}\n", encoding="utf-8")
    until(page.locator("#progress .left")).to_have_text("step 4 of 8, loss 0.250, about 20 s left")
    until(page.locator("#samples li")).to_have_count(1)
    assert errors == []
    page.close()


@pytest.mark.parametrize(("width", "theme", "locale"), [(1600, "light", "en-US"), (390, "dark", "zh-CN")])
def test_it_fits(browser: Any, address: str, width: int, theme: str, locale: str) -> None:
    page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=theme, locale=locale)
    page.goto(f"{address}photos#new")
    page.wait_for_selector("#begin:not([hidden])")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.close()
