"""How long a person is busy who makes a LoRA of 20 photos on the page: a scripted run through Chromium, on the lab's photos.

    python -m benchmarks.service.from_photos [--photos N] [--folder DIR]

Nobody was watched with a clock. The script does on the page what a person does (drop, look, drag, type, press), and counts it;
the counts become seconds by the keystroke-level model of Card, Moran and Newell (1980): 1.1 s to point, 0.1 s to press or release
a button, 0.2 s a key, 1.35 s to look and decide. What the machine takes meanwhile is measured as it is, and told apart. Once with
the parser, which is wrong in every fifth photo, and once without one, so that both boxes are dragged on every photo.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.service.houses import ROOT, WAIT_S
from benchmarks.service.pages import QUIET
from dashboards.processes import answers, free_port

POINT_S, BUTTON_S, KEY_S, DECIDE_S = 1.1, 0.1, 0.2, 1.35
"""Of the keystroke-level model."""
WRONG: Final = 5
"""Of so many photos one box is corrected, and one caption."""
TAG: Final = "red soles"


@dataclass
class Person:
    """Does things on a page as a person would, and counts them."""

    page: Any
    done: Counter[str] = field(default_factory=Counter)

    @property
    def seconds(self) -> float:
        done = self.done
        return done["point"] * POINT_S + done["button"] * BUTTON_S + done["key"] * KEY_S + done["decide"] * DECIDE_S

    def decides(self) -> None:
        self.done["decide"] += 1

    def clicks(self, selector: str) -> None:
        self.page.click(selector)
        self.done += Counter(point=1, button=2)

    def types(self, selector: str, text: str) -> None:
        self.clicks(selector)
        self.page.keyboard.press("End")
        self.page.keyboard.type(text)
        self.done["key"] += len(text) + 1

    def presses(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.done["key"] += 1

    def drags(self, box: list[float]) -> None:
        """A box, in shares of the photo's sides, from its upper left to its lower right corner."""
        frame = self.page.locator("#frame").bounding_box()
        (left, top), (right, bottom) = (
            (frame["x"] + x * frame["width"], frame["y"] + y * frame["height"]) for x, y in (box[:2], box[2:])
        )
        mouse = self.page.mouse
        mouse.move(left, top)
        mouse.down()
        mouse.move((left + right) / 2, (top + bottom) / 2)
        mouse.move(right, bottom)
        mouse.up()
        self.done += Counter(point=2, button=2)


@contextmanager
def served(root: Path) -> Iterator[str]:
    """The address of `huanhua serve`."""
    port = free_port()
    command = [sys.executable, "-m", "huanhua", "serve", str(root), "--port", str(port)]
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL, start_new_session=True
    )
    until = time.monotonic() + WAIT_S
    while not answers(f"http://127.0.0.1:{port}/api/sets") and time.monotonic() < until:
        time.sleep(0.1)
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(WAIT_S)


@contextmanager
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as api:
        opened = api.chromium.launch(executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=list(QUIET))
        yield opened
        opened.close()


def house(root: Path, *, parser: bool) -> Path:
    """A folder with the lab's study, which names base and parser; or without a parser."""
    from studies.paperdoll.study import study_text

    root.mkdir(parents=True)
    text = study_text(root)
    (root / "study.yaml").write_text(text if parser else text.replace("/parser\n", "/no-parser\n"), encoding="utf-8")
    return root


def photos(folder: Path, count: int) -> list[str]:
    from studies.paperdoll.photos import write_photos

    write_photos("myshoes", folder, count)
    return sorted(map(str, folder.iterdir()))


def begun(page: Any, address: str, files: list[str]) -> Person:
    """Up to the last photo's being kept."""
    person = Person(page)
    page.goto(f"{address}photos#new")
    page.wait_for_selector("#begin:not([hidden])")
    person.decides()
    person.types("#name", "myboots")
    page.select_option("#kind", "shoes")
    person.done += Counter(point=2, button=4, decide=1)
    person.clicks("#begin button")
    page.wait_for_selector("#making:not([hidden])")
    # One drop of a folder's photos: a window to go to, all of it marked, and a drag.
    person.done += Counter(point=3, button=4, decide=2, key=2)
    page.set_input_files("#files", files)
    page.wait_for_selector(f"#strip button >> nth={len(files) - 1}", timeout=1000 * WAIT_S)
    return person


def boxes_of(page: Any, address: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.request.get(f"{address}api/sets/myboots").json()["cards"]
    return found


def finished(page: Any, verb: str) -> float:
    """Seconds until the job has ended."""
    began = time.perf_counter()
    words = {"prepare": "The photos are cut.", "train": "It is trained."}[verb]
    page.locator("#state", has_text=words).wait_for(timeout=3_600_000)
    page.wait_for_selector("#start:not([hidden])", timeout=60_000)
    return time.perf_counter() - began


def looked_through(person: Person, cards: list[dict[str, Any]]) -> None:
    """One photo after another: a glance, a correction where the parser is wrong, Enter."""
    page = person.page
    page.focus("#stage")
    for number, card in enumerate(cards):
        page.locator("#photo-name", has_text=card["name"]).wait_for()
        person.decides()
        if number % WRONG == 0:
            # A box that is wrong is deleted, and drawn anew.
            person.presses("1")
            person.presses("Delete")
            person.decides()
            person.drags(card["thing"])
            page.focus("#stage")
        if number + 1 < len(cards):
            person.presses("Enter")


def all_drawn(person: Person, cards: list[dict[str, Any]]) -> None:
    """Both boxes on every photo."""
    page = person.page
    for number, card in enumerate(cards):
        page.locator("#photo-name", has_text=card["name"]).wait_for()
        while not page.evaluate("(photo => photo.complete && photo.naturalWidth > 0)(document.getElementById('photo'))"):
            page.wait_for_timeout(20)
        person.decides()
        person.drags(card["thing"])
        person.decides()
        person.drags(card["wearer"])
        if number + 1 < len(cards):
            person.presses("Enter")


def tagged(person: Person, cards: list[dict[str, Any]]) -> None:
    """A look at the crops and tags of each, and a word more in the captions of some."""
    page = person.page
    page.click(f"#strip button >> nth={0}")
    person.done += Counter(point=1, button=2)
    for number, card in enumerate(cards):
        page.locator("#photo-name", has_text=card["name"]).wait_for()
        person.decides()
        if number % WRONG == 0:
            person.types("#tags", f", {TAG}")
            person.clicks(".tags button")
            page.wait_for_selector(".tags button:disabled")
        if number + 1 < len(cards):
            page.focus("#stage")
            person.presses("Enter")


def with_parser(browser: Any, folder: Path, files: list[str], *, train: bool) -> tuple[dict[str, float], list[dict[str, Any]]]:
    with served(house(folder, parser=True)) as address:
        page = browser.new_page(viewport={"width": 1400, "height": 950}, locale="en-US")
        began = time.perf_counter()
        person = begun(page, address, files)
        kept = time.perf_counter() - began
        found = finished(page, "prepare")
        cards = boxes_of(page, address)
        looked_through(person, cards)
        person.clicks("#cut")
        page.wait_for_selector("#stop:not([hidden])")
        again = finished(page, "prepare")
        tagged(person, boxes_of(page, address))
        person.decides()
        took = 0.0
        if train:
            person.clicks("#start")
            page.wait_for_selector("#stop:not([hidden])")
            took = finished(page, "train")
            page.wait_for_selector("#made:not([hidden])")
            person.clicks("#made a")
            page.wait_for_selector("#racks .card")
        page.close()
    counted = {f"with_parser_{name}": float(count) for name, count in person.done.items()}
    waits = {"upload_s": kept, "find_s": found, "cut_s": again, "train_s": took}
    return {"with_parser_person_min": person.seconds / 60, **counted, **waits}, cards


def without_parser(browser: Any, folder: Path, files: list[str], cards: list[dict[str, Any]]) -> dict[str, float]:
    with served(house(folder, parser=False)) as address:
        page = browser.new_page(viewport={"width": 1400, "height": 950}, locale="en-US")
        person = begun(page, address, files)
        all_drawn(person, cards)
        person.clicks("#cut")
        finished(page, "prepare")
        tagged(person, boxes_of(page, address))
        person.decides()
        page.close()
    counted = {f"without_parser_{name}": float(count) for name, count in person.done.items()}
    return {"without_parser_person_min": person.seconds / 60, **counted}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=20)
    parser.add_argument("--folder", type=Path, help="where all is made; a temporary folder by default")
    parser.add_argument("--train", action="store_true", help="train too, to its end")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as scratch, chromium() as browser:
        files = photos(Path(scratch) / "photos", given.photos)
        found, cards = with_parser(browser, Path(scratch) / "parser", files, train=given.train)
        found |= without_parser(browser, Path(scratch) / "hand", files, cards)
    shown = {name: round(value, 2) for name, value in found.items()}
    for name, value in shown.items():
        print(f"{name:<28} {value}")
    print(json.dumps(shown))


if __name__ == "__main__":
    main()
