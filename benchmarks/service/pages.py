"""What a person waits for: the first paint of the page, a new trial on it; and what many open pages cost a run."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any, Final

import httpx2
import psutil

from benchmarks.service.houses import Service, project, serving
from studies.service.queue.jobs import change, enqueue
from studies.workspace import workspace_of

LORAS: Final = 200
OPENED: Final = 5
"""Times that the page is opened."""
PAGES: Final = 50
EVENTS: Final = 40
EVERY_S: Final = 0.25
"""Between two images: as fast as a large GPU draws SD1.5."""
QUIET: Final = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")


def pages(folder: Path, trials: int) -> dict[str, Any]:
    """`first_paint_ms` and `event_delay_ms` are medians; None without a browser."""
    (study,) = project(folder, 1, LORAS)
    _run(study, trials)
    with serving(folder, trials, 0.0) as service:
        page_s, whole_s = _opened(service)
        delay, told = _delays(service, study)
        cost, idle = _cost(service, study)
    return {
        "first_paint_ms": page_s,
        "all_loaded_ms": whole_s,
        "event_delay_ms": delay,
        "event_delay_client_ms": told,
        "run_slowdown": cost,
        "run_slowdown_one_page": idle,
    }


def _run(folder: Path, trials: int) -> None:
    from contextlib import redirect_stdout
    from io import StringIO

    from benchmarks.service.fake_run import run

    with redirect_stdout(StringIO()):
        run(folder, trials, 0.0)


@contextmanager
def _browser() -> Iterator[Any]:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        path = None
    if path is None:
        yield None
        return
    with sync_playwright() as api:
        opened = api.chromium.launch(executable_path=path, args=list(QUIET))
        yield opened
        opened.close()


def _opened(service: Service) -> tuple[float | None, float | None]:
    """Milliseconds until the first contentful paint, and until the racks and what was found stand there."""
    paints, wholes = [], []
    with _browser() as browser:
        if browser is None:
            return None, None
        for _ in range(OPENED):
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            page.set_default_timeout(120_000)
            began = time.perf_counter()
            page.goto(service.address)
            page.wait_for_selector(f"#racks .card >> nth={LORAS - 1}", state="attached")
            page.wait_for_selector("#results .trade svg .trial", state="attached")
            wholes.append(1000 * (time.perf_counter() - began))
            paints.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
            page.close()
    return median(paints), median(wholes)


def _lines(study: Path) -> Iterator[float]:
    """Writes events as a run does, one after another; gives the time of each before it is written."""
    workspace = workspace_of(study / "study.yaml")
    job = change(workspace, enqueue(workspace, "run", []), state="running", pid=1, started=1.0)
    file = job.events(workspace)
    file.parent.mkdir(exist_ok=True)
    plan = {"event": "plan", "seed": 7, "images": 99, "stored": 0, "expected": 99, "seconds": 9}
    trial = {
        "event": "trial",
        "seed": 7,
        "weights": {"dress": 0.5},
        "total_weight": 0.5,
        "breaks": [],
        "bare": False,
        "verdict": "",
    }
    with file.open("a", encoding="utf-8") as out:
        print(json.dumps(plan), file=out, flush=True)
        time.sleep(1)
        for number in range(EVENTS):
            more = {"trial": number, "image": "x.png", "best": None, "images_left": 1, "seconds_left": 1, "written": time.time()}
            print(json.dumps({**trial, **more}), file=out, flush=True)
            yield time.time()
            time.sleep(EVERY_S)
    change(workspace, job, state="finished")


def _delays(service: Service, study: Path) -> tuple[float | None, float]:
    """Milliseconds from an event's being written until the page shows it, and until a client has it."""
    told: list[float] = []
    client = threading.Thread(target=_client, args=(service, study, told), daemon=True)
    with _browser() as browser:
        page = None
        if browser is not None:
            page = browser.new_page()
            page.goto(service.address)
            page.wait_for_selector("#results .trade svg .trial", state="attached", timeout=120_000)
            page.evaluate(
                "window.seen = []; new MutationObserver((changes) => { for (const each of changes) if (each.addedNodes.length)"
                " window.seen.push(Date.now()); }).observe(document.getElementById('arrived'), { childList: true })"
            )
        client.start()
        written = list(_lines(study))
        time.sleep(1)
        shown = page.evaluate(f"window.seen.slice(-{EVENTS})") if page is not None else []
    delays = [seen - 1000 * at for seen, at in zip(shown[-EVENTS:], written, strict=True)] if len(shown) >= EVENTS else []
    return (median(delays) if delays else None), median(told)


def _client(service: Service, study: Path, told: list[float]) -> None:
    began, timeout = time.time(), httpx2.Timeout(10.0, read=60.0)
    address = f"{service.address}api/studies/{study.name}/events"
    with suppress(httpx2.HTTPError), httpx2.stream("GET", address, timeout=timeout) as answer:
        for line in answer.iter_lines():
            if line.startswith("data:") and '"written"' in line:
                written = json.loads(line.removeprefix("data:"))["written"]
                if written < began:
                    continue  # of a run before
                told.append(1000 * (time.time() - written))
                if len(told) == EVENTS:
                    return


def _cost(service: Service, study: Path) -> tuple[float, float]:
    """The share of this machine's processors that the service takes while a run tells 4 images a second, with `PAGES` pages open
    and with one: by so much a run that needs all of them would be slowed down."""
    return _share(service, study, PAGES), _share(service, study, 1)


def _share(service: Service, study: Path, pages: int) -> float:
    assert service.process is not None
    process = psutil.Process(service.process.pid)
    told: list[list[float]] = [[] for _ in range(pages)]
    for each in told:
        threading.Thread(target=_client, args=(service, study, each), daemon=True).start()
    time.sleep(3)
    began, before = time.perf_counter(), sum(process.cpu_times()[:2])
    for _ in _lines(study):
        pass
    share = (sum(process.cpu_times()[:2]) - before) / (time.perf_counter() - began) / (psutil.cpu_count() or 1)
    time.sleep(1)
    if any(len(each) < EVENTS for each in told):
        raise SystemExit("a page was not told of every image")
    return float(share)
