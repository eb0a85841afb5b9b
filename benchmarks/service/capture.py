"""A whole dressing on the lab, as an animated picture of some 30 seconds: scouted, dressed, looked at, taken home.

    python -m benchmarks.service.capture docs/images/wardrobe-dressing.webp [--folder DIR] [--seed N] [--images DIR]

`huanhua serve` draws it in earnest. A frame is taken whenever something new is on the page, not by the clock: a slow machine
makes the same picture as a fast one, but for the minutes that are left. Frames last the shorter the more of them there are.
"""

from __future__ import annotations

import argparse
import io
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.service.from_photos import chromium, served

if TYPE_CHECKING:
    from PIL import Image

SEED: Final = 1426977430
VIEW: Final = {"width": 1120, "height": 800}
WIDTH: Final = 672
"""Pixels of the picture that is made."""
LONGEST_S: Final = 1800
BYTES: Final = 300_000
SHARES: Final = {"start": 2.0, "scout": 7.0, "dress": 12.0, "look": 9.0}
"""Seconds of each part."""


@dataclass
class Film:
    """Frames by the part that they are of."""

    page: Any
    frames: list[tuple[str, Image.Image]] = field(default_factory=list)
    last: str = ""

    def take(self, part: str) -> None:
        from PIL import Image

        shot = Image.open(io.BytesIO(self.page.screenshot(type="png"))).convert("RGB")
        self.frames.append((part, shot.resize((WIDTH, round(shot.height * WIDTH / shot.width)), Image.Resampling.LANCZOS)))

    def watch(self, part: str, ended: str) -> None:
        """Takes a frame of each news until the state says that it ended."""
        until = time.monotonic() + LONGEST_S
        news = "[...document.querySelectorAll('.strip-of-seeds img, #arrived img, #shown img')].map(image => image.src).join()"
        while time.monotonic() < until:
            seen = self.page.evaluate(news)
            if seen != self.last:
                self.last = seen
                self.page.wait_for_timeout(250)
                self.take(part)
            if ended in self.page.inner_text("#state"):
                return
            self.page.wait_for_timeout(200)
        raise SystemExit(f"it did not end: {self.page.inner_text('#state')}")

    def save(self, file: Path) -> int:
        """As small as it must be; returns its bytes."""
        counts = {part: sum(each == part for each, _ in self.frames) for part in SHARES}
        times = [round(1000 * SHARES[part] / counts[part]) for part, _ in self.frames]
        images = [image for _, image in self.frames]
        for quality in (60, 50, 40, 32, 25, 20, 15, 10, 6):
            stream = io.BytesIO()
            images[0].save(
                stream, format="WEBP", save_all=True, append_images=images[1:], duration=times, loop=0, quality=quality,
                method=6, minimize_size=True,
            )  # fmt: skip
            if len(stream.getvalue()) <= BYTES:
                break
        file.write_bytes(stream.getvalue())
        return len(stream.getvalue())


def house(root: Path) -> Path:
    """The demo's study with the LoRAs that ship, before anything was drawn."""
    from studies.callback import SilentCallback
    from studies.paperdoll.study import OUTFITS
    from studies.paperdoll.trained_loras import make_data, shipped_lora_of

    make_data(root, SilentCallback())
    for outfit in OUTFITS:
        shipped_lora_of(outfit, root)
    return root


def dressed(film: Film, seed: int) -> None:
    page = film.page
    page.wait_for_selector("#racks .card")
    page.wait_for_timeout(1500)
    film.take("start")
    page.click("#scout")
    film.watch("scout", "Seeds were scouted")
    box = page.locator(f'[data-seed="{seed}"] .keep input')
    if not box.count():
        box = page.locator("[data-seed] .keep input").first
    box.check()
    page.locator("[data-seed]", has=page.locator(".keep input:checked")).locator("button").first.click()
    page.wait_for_timeout(800)
    film.take("scout")
    page.click("#dress")
    film.watch("dress", "Done.")


def looked_at(film: Film) -> None:
    """What was found: before and after, why no weight is lower, the fitting room, the files."""
    page = film.page
    page.wait_for_selector("#results .trade svg .trial", state="attached", timeout=120_000)
    page.wait_for_timeout(1500)
    film.take("look")
    page.locator("#results .verdict").evaluate("part => part.scrollIntoView()")
    for percent in (80, 50, 20):
        page.locator(".compare input[type=range]").fill(str(percent))
        page.wait_for_timeout(400)
        film.take("look")
    for part in (".proof", ".fitting", ".trade", ".ladders", ".home"):
        if page.locator(f"#results {part}").count():
            page.locator(f"#results {part}").evaluate("part => part.scrollIntoView()")
            page.wait_for_timeout(900)
            film.take("look")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--folder", type=Path, help="where the study is made and kept; a temporary folder by default")
    parser.add_argument("--images", type=Path, help="a workspace's images of a demo before: nothing is drawn twice")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, chromium() as browser:
        root = house(given.folder or Path(scratch) / "demo")
        if given.images is not None:
            shutil.copytree(given.images, root / "workspace" / "images", dirs_exist_ok=True)
        with served(root) as address:
            page = browser.new_page(viewport=VIEW, locale="en-US", color_scheme="light")
            page.set_default_timeout(120_000)
            page.goto(address)
            film = Film(page)
            dressed(film, given.seed)
            looked_at(film)
            page.close()
    size = film.save(given.out)
    print(f"{given.out}: {len(film.frames)} frames, {size} bytes")


if __name__ == "__main__":
    main()
