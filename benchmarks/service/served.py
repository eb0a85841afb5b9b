"""The service as `huanhua serve` keeps it up, but for its jobs: they are `benchmarks.service.fake_run`.

python -m benchmarks.service.served ROOT PORT TRIALS SECONDS      the service
python -m benchmarks.service.served ROOT worker TRIALS SECONDS    its worker
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from studies.service.queue import keeper, worker
from studies.service.queue.jobs import Job
from studies.service.rooms import Rooms, rooms_of


def main(root: Path, what: str, trials: str, seconds: str) -> None:
    if what == "worker":
        worker.command_of = lambda folder, job: _command(folder, job, trials, seconds)
        sys.argv[1:] = [str(root)]
        worker.main()
        return
    from studies.service.rest.serving import Place, serve

    def start(self: keeper.Keeper) -> subprocess.Popen[bytes]:
        rooms = Rooms(root)
        rooms.state.mkdir(exist_ok=True)
        with (rooms.state / "worker.log").open("ab") as log:
            command = [sys.executable, "-m", "benchmarks.service.served", str(root), "worker", trials, seconds]
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    keeper.Keeper._start = start  # type: ignore[method-assign]
    serve(rooms_of(root), Place("127.0.0.1", int(what)), lambda address, token: print(address, flush=True))


def _command(folder: Path, job: Job, trials: str, seconds: str) -> list[str]:
    return [sys.executable, "-m", "benchmarks.service.fake_run", str(folder), trials, seconds]


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), *sys.argv[2:5])
