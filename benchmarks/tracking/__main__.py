"""What tracking and storage cost in the render loop, and how long the stored study takes to open.

    python benchmarks/tracking/__main__.py [--quick]

A study whose renderer and scorers are fakes; all that is around them is real. Sides take turns image by image: drawn and judged
alone; stored in SQLite besides; logged to MLflow's SQLite besides; logged to a server that takes connections and never answers.
Prints a table for people and, as its last line, one JSON object. `--quick` draws 12 images a side and a study of 100 trials.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median

from PIL import Image

from optimizer.point import Job, Point
from optimizer.search.strategy import Proposal
from optimizer.trial_store.store import TrialStore
from studies.report.lookbook import book_of
from studies.run.before_trials import judge_for
from studies.run.compatibility import store_conditions
from studies.run.judge import Judge
from studies.run.outcome import TrialRecord
from studies.run.trials import store_trial, track_trial, trial_store_of
from studies.study import Study
from studies.testing.fake_study import fake_study
from studies.tracking.base import Tracker
from studies.tracking.memory import MemoryTracker
from studies.tracking.mlflow.tracker import MlflowTracker, local_store

SEED = 7
SIZE = (128, 192)
PAUSE_S = 0.25
"""Between images: the time in which a renderer would draw one."""
CHROMIUM_WAIT_MS = 60_000


@dataclass
class Side:
    """One way to run the loop, and the seconds that each image took in it."""

    study: Study
    judge: Judge
    trial_store: TrialStore | None = None
    tracker: Tracker | None = None
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def step(self, point: Point) -> None:
        began, busy = time.perf_counter(), time.thread_time()
        if self.trial_store is None:
            self.judge.judge(self.study.evaluator.evaluate(SEED, point))
        else:
            record = draw(self.study, self.judge, self.trial_store, point)
            if self.tracker is not None:
                track_trial(self.tracker, SEED, record, blurred=True)
        self.seconds.append(time.perf_counter() - began)
        self.cpu.append(time.thread_time() - busy)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    quick = options.parse_args().quick
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        folder = Path(scratch)
        sides = loop(folder, 12 if quick else 60, stack)
        usual = stored(folder / "usual", 40)
        large = stored(folder / "large", 100 if quick else 1000)
        result = report(sides) | {
            "show_seconds": timed(show, usual, 3),
            "show_cpu_seconds": cpu_seconds(show, usual),
            "show_large_seconds": timed(show, large, 1),
            "help_seconds": timed(lambda _: run("--help"), usual, 3),
            **look_book(large, folder / "book"),
        }
    table(result, 100 if quick else 1000)
    print(json.dumps({name: None if value is None else round(value, 3) for name, value in result.items()}))
    return 0


def loop(folder: Path, images: int, stack: ExitStack) -> dict[str, Side]:
    """All sides, each with its own study, turn by turn. The first image of each is left out: it opens what the others use."""
    sides = {name: Side(*opened(folder / name)) for name in ("bare", "stored", "tracked", "dead")}
    for name, side in sides.items():
        side.trial_store = None if name == "bare" else trial_store_of(side.study, SEED)
    uri, artifacts = local_store(sides["tracked"].study.workspace.root)
    sides["stored"].tracker = MemoryTracker()
    sides["tracked"].tracker = MlflowTracker(uri, "benchmark", artifacts)
    sides["dead"].tracker = MlflowTracker(stack.enter_context(silent_server()), "benchmark")
    for point in points(images + 1):
        for side in sides.values():
            time.sleep(PAUSE_S)
            side.step(point)
    for name in ("dead", "tracked"):
        tracker = sides[name].tracker
        assert tracker is not None
        missing = tracker.close(1.0 if name == "dead" else 600.0)
        print(f"{name:<8} {len(missing.titles)} records not logged", file=sys.stderr)
        if name == "tracked" and missing.titles:
            raise SystemExit(f"MLflow's SQLite did not take everything: {missing.reason}")
    for side in sides.values():
        del side.seconds[0], side.cpu[0]
    return sides


def opened(folder: Path) -> tuple[Study, Judge]:
    study = fake_study(folder, size=SIZE, paint=noise)
    judge, _ = judge_for(study, SEED, lambda: None)
    return study, judge


def draw(study: Study, judge: Judge, trial_store: TrialStore, point: Point) -> TrialRecord:
    return store_trial(study, SEED, judge, trial_store, Proposal(point, "search"), study.evaluator.evaluate(SEED, point))


def noise(job: Job) -> Image.Image:
    """A picture that compresses badly, as photographs do."""
    return Image.effect_noise(SIZE, 40 + 20 * sum(job.point.weights.values())).convert("RGB")


def points(count: int) -> Iterator[Point]:
    """Distinct ones, from all over the grid."""
    for i in range(count):
        yield Point({"face": (i % 19 + 1) / 20, "dress": (7 * i // 19 % 21) / 20, "shoes": (i // 133 % 21) / 20}, 5.0)


@contextmanager
def silent_server() -> Iterator[str]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def stored(folder: Path, trials: int) -> Path:
    """A study of so many trials, as a run leaves it."""
    study, judge = opened(folder)
    trial_store = trial_store_of(study, SEED)
    store_conditions(study, trial_store)
    for point in points(trials):
        draw(study, judge, trial_store, point)
    return folder


def report(sides: dict[str, Side]) -> dict[str, float | None]:
    """Milliseconds an image: means of what one side takes over another, turn by turn."""
    over: Callable[[str, str], list[float]] = lambda one, other: [  # noqa: E731
        1000 * (a - b) for a, b in zip(sides[one].seconds, sides[other].seconds, strict=True)
    ]
    return {
        "overhead_ms_per_image": mean(over("tracked", "bare")),
        "overhead_ms_median": median(over("tracked", "bare")),
        "overhead_cpu_ms": 1000 * (mean(sides["tracked"].cpu) - mean(sides["bare"].cpu)),
        "storage_ms_per_image": mean(over("stored", "bare")),
        "blocked_ms_dead_server": max(0.0, mean(over("dead", "stored"))),
        "blocked_ms_median": max(0.0, median(over("dead", "stored"))),
    }


def run(*words: str) -> None:
    command = [sys.executable, "-m", "studies.cli", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or (done.returncode == 1 and not done.stdout):
        raise SystemExit(done.stderr)


def show(folder: Path) -> None:
    run("show", str(folder))


def timed(what: Callable[[Path], None], folder: Path, times: int) -> float:
    """The median of a few."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        what(folder)
        taken.append(time.perf_counter() - began)
    return median(taken)


def cpu_seconds(what: Callable[[Path], None], folder: Path) -> float:
    """Of the process that it starts: what is left of its time where others want the processor too."""
    before = os.times()
    what(folder)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


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


def table(result: dict[str, float | None], trials: int) -> None:
    rows = (
        ("tracking and storage, SQLite, ms an image", "overhead_ms_per_image", "20"),
        ("  median", "overhead_ms_median", ""),
        ("  processor time", "overhead_cpu_ms", ""),
        ("  of it storage", "storage_ms_per_image", ""),
        ("a server that never answers, ms an image more than storage", "blocked_ms_dead_server", "5"),
        ("  median", "blocked_ms_median", ""),
        ("huanhua show, 40 trials, s", "show_seconds", "1.5"),
        ("  processor time", "show_cpu_seconds", ""),
        (f"huanhua show, {trials} trials, s", "show_large_seconds", ""),
        ("huanhua --help, s", "help_seconds", ""),
        (f"look-book of {trials} trials: written in, s", "book_write_seconds", ""),
        ("  opens in, s", "book_open_seconds", "2"),
        ("  folder, MB", "book_megabytes", "50"),
    )
    print(f"{'':<60} {'measured':>9} {'wanted':>7}")
    for title, key, wanted in rows:
        value = result[key]
        print(f"{title:<60} {'-' if value is None else format(value, '.2f'):>9} {wanted:>7}")


if __name__ == "__main__":
    sys.exit(main())
