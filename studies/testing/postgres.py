"""A PostgreSQL server of a test's own, from the programs of the machine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from models.errors import InputError


@dataclass(frozen=True)
class Server:
    """A server that can be stopped and started again in the middle of a test."""

    url: str
    """SQLAlchemy's, of its one database."""
    folder: Path
    programs: Path
    """The folder of pg_ctl and initdb."""
    port: int

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} -c fsync=off"
        _as_user([self.programs / "pg_ctl", "-D", self.folder / "data", "-l", self.folder / "log", "-o", options, "-w", "start"])

    def stop(self, mode: str = "fast") -> None:
        _as_user([self.programs / "pg_ctl", "-D", self.folder / "data", "-m", mode, "-w", "stop"])


def missing_postgres() -> str:
    """Why no server can be started here: no PostgreSQL, or no driver for it; empty where one can."""
    if find_spec("psycopg") is None:
        return "no driver: pip install 'huanhua[postgres]'"
    return "" if _programs() else "no PostgreSQL here: apt-get install postgresql"


@contextmanager
def postgres() -> Iterator[Server]:
    """Raises InputError where `missing_postgres` gives a reason."""
    if reason := missing_postgres():
        raise InputError(reason, "PostgreSQL", "install it")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # Not below pytest's folder, which only its owner may enter, and PostgreSQL does not run as root.
    folder = Path(f"/tmp/huanhua-postgres-{os.getpid()}-{port}")
    folder.mkdir()
    server = Server(f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres", folder, _programs()[-1], port)
    try:
        if os.getuid() == 0:
            shutil.chown(folder, "postgres")
        _as_user([server.programs / "initdb", "-D", folder / "data", "-A", "trust", "-U", "postgres", "--no-sync"])
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
    finally:
        shutil.rmtree(folder)


def _programs() -> list[Path]:
    """Folders of PostgreSQL's programs, the newest release last."""
    return [*sorted(Path("/usr/lib/postgresql").glob("*/bin")), *filter(None, [_folder(shutil.which("initdb"))])]


def _folder(program: str | None) -> Path | None:
    return Path(program).resolve().parent if program else None


def _as_user(command: list[str | Path]) -> None:
    prefix = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    done = subprocess.run([*prefix, *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/", check=False)
    assert done.returncode == 0, done.stderr
