"""What tracking and storage cost in the render loop, and how long the stored study takes to open.

    python -m benchmarks.tracking [--quick]

A study whose renderer and scorers are fakes; all that is around them is real. Sides take turns image by image: drawn and judged
alone; stored in SQLite besides; logged to MLflow's SQLite besides; logged to a server that takes connections and never answers.
Prints a table for people and, as its last line, one JSON object. `--quick` draws 12 images a side and a study of 100 trials.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.tracking.commands import cpu_seconds, run, show, timed
from benchmarks.tracking.look_book import look_book
from benchmarks.tracking.loop import loop, report, stored


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
