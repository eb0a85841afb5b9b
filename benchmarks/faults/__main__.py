"""What a run survives, counted: kills at named points and at random, replays, bad files, and what a second worker gives.

    python -m benchmarks.faults [--quick] [--kills N] [--folder DIR] [--hostile] [--servers] [--ray]

A kill is SIGKILL to a process of its own that runs a whole study: real storage, search and MLflow, with images and observations
by fakes that cost some milliseconds. Half of the kills fall at named points, half at random times. Every trial that a process
printed as finished must be in the storage afterwards, and every file of the workspace must open. At its end a study must have
found, trial by trial, what an undisturbed one finds, and MLflow must have each trial once.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass

from benchmarks.faults.bad_inputs import bad_inputs
from benchmarks.faults.kills import kill_many
from benchmarks.faults.replays import replays


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20 kills, 2000 replays")
    parser.add_argument("--kills", type=int)
    parser.add_argument("--folder", type=Path, help="where the studies are made; a temporary folder by default")
    parser.add_argument("--hostile", action="store_true", help="the bad files alone")
    parser.add_argument("--servers", action="store_true", help="servers that go away in mid-study, alone")
    parser.add_argument("--ray", action="store_true", help="what a second Ray worker gives, and workers that are killed; alone")
    given = parser.parse_args()
    if given.servers or given.ray:
        report(apart(given.folder, servers=given.servers, ray=given.ray, quick=given.quick))
        return
    with tempfile.TemporaryDirectory(dir=given.folder) as scratch:
        kills = 0 if given.hostile else given.kills if given.kills is not None else 20 if given.quick else 100
        counted = kill_many(Path(scratch), kills) if kills else {"kills": 0}
        replayed = {} if given.hostile else replays(Path(scratch) / "replayed", 2000 if given.quick else 10_000)
        hostile = bad_inputs(Path(scratch) / "hostile", 6 if given.quick else 24)
    report({**counted, **replayed, **hostile, "ray_speedup": None})


def apart(folder: Path | None, *, servers: bool, ray: bool, quick: bool) -> dict[str, Any]:
    """What needs servers or Ray, which not every installation has."""
    from benchmarks.service.ray_workers import ray_speedup, workers_killed
    from benchmarks.tracking.servers_away import database_restarted, mlflow_away

    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        if servers:
            found |= mlflow_away(Path(scratch) / "mlflow", rounds=1 if quick else 3)
            found |= database_restarted(Path(scratch) / "postgres")
        if ray:
            found |= ray_speedup(quick=quick)
            found |= workers_killed(Path(scratch) / "ray", trials=6 if quick else 20)
    return found


def report(found: dict[str, Any]) -> None:
    for name, value in found.items():
        print(f"{name:<24} {value}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
