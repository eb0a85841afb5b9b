"""What a look-book takes to write and to open, and how large it is."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.tracking.loop import SIZE, noise
from studies.report.lookbook import book_of
from studies.testing.fake_study import fake_study

CHROMIUM_WAIT_MS = 60_000


def look_book(folder: Path, out: Path) -> dict[str, float | None]:
    """Seconds to write and to open a look-book, and its size."""
    from dashboards.lookbook.writing import write_book

    study = fake_study(folder, size=SIZE, paint=noise)
    began = time.perf_counter()
    index = write_book(book_of(study, blurred=True), out)
    took = time.perf_counter() - began
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    return {"book_write_seconds": took, "book_megabytes": size / 1e6, "book_open_seconds": open_seconds(index)}


def open_seconds(index: Path) -> float | None:
    """From asking for the page until the first seed's plot and sliders work; None without a browser."""
    import shutil

    path = shutil.which("chromium") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    if path is None:
        return None
    quiet = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
    with sync_playwright() as api:
        browser = api.chromium.launch(executable_path=path, args=[*quiet, "--disable-component-update", "--disable-sync"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(CHROMIUM_WAIT_MS)
        began = time.perf_counter()
        page.goto(index.as_uri(), wait_until="load")
        page.wait_for_selector(".trade svg .trial", state="attached")
        took = time.perf_counter() - began
        browser.close()
    return took
