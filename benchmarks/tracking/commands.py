"""What `huanhua show` and `--help` take, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median


def run(*words: str) -> None:
    command = [sys.executable, "-m", "huanhua", *words]
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
