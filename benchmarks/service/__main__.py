"""The wardrobe's service, measured: what a person waits for, what open pages cost, and what kills lose.

    python -m benchmarks.service [--quick] [--kills N] [--folder DIR]

A project of 200 LoRAs and a study of 1000 trials on fakes (200 with --quick), in Debian's Chromium. `run_slowdown` is the share
of the machine's processors that the service takes while a run tells four images a second to 50 open pages: an upper bound of how
much slower a run gets that keeps all processors busy. Kills are SIGKILL to the service at random times, every third to its worker
too and every fifth to the job, after which a person presses Go on; lost is a trial that was told and is not stored, or a job that
did not end.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from benchmarks.service.kills import kill_many
from benchmarks.service.pages import pages


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a study of 200 trials, 10 kills")
    parser.add_argument("--kills", type=int)
    parser.add_argument("--folder", type=Path, help="where all is made; a temporary folder by default")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as scratch:
        found = pages(Path(scratch) / "pages", 200 if given.quick else 1000)
        found |= kill_many(Path(scratch) / "kills", given.kills if given.kills is not None else 10 if given.quick else 100)
    for name, value in found.items():
        print(f"{name:<24} {value}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
