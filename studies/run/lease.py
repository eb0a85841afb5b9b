"""One runner a study: a lease, which is a row in the study's own storage that its runner renews and a dead runner loses.

No clock of another machine is read. A runner is dead if it ran on this machine and its process is gone, or if its row did not
change for `PATIENCE_S` by the clock of the process that waits.
"""

from __future__ import annotations

import json
import os
import platform
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from models.errors import TakenError
from models.language.translate import Phrase, phrase
from studies.run.shared_storage.engine import create_table, open_engine, stops_table, unusable, unusable_storage

if TYPE_CHECKING:
    from sqlalchemy import Engine, Table

BEAT_S: Final = 5.0
"""Seconds between renewals."""
PATIENCE_S: Final = 30.0
"""Seconds without a renewal after which a runner elsewhere counts as dead."""
POLL_S: Final = 1.0
"""Seconds between two reads of another runner's row, at most."""
ALL: Final = "all"
"""In the place of a seed, in a request to stop: the whole run."""
LEAVING_S: Final = 2.0
"""Seconds that a process of this machine may take to end once it was stopped."""


@dataclass(frozen=True)
class Holder:
    """The process that runs a study."""

    host: str
    """The machine's name, for people."""
    machine: str
    """Distinguishes machines, boots and containers."""
    pid: int
    started: float
    """Seconds since the epoch; distinguishes processes of one number."""
    since: str
    """When it took the lease, UTC, for people."""

    def words(self) -> Phrase:
        """For people."""
        return phrase("process {pid} on {host}, since {since}", pid=self.pid, host=self.host, since=self.since)


class Lease:
    """A lease that this process has. Its thread renews it; the runner calls `check` before every write."""

    def __init__(self, engine: Engine, table: Table, study: str, token: str, beat_s: float) -> None:
        self._engine, self._table, self._study, self._token = engine, table, study, token
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, args=(beat_s,), name="lease", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raises InputError if another runner has taken the study over, as one may after this process stood still."""
        row = _read(self._engine, self._table, self._study)
        if row is None or row.token != self._token:
            who = phrase(" by {holder}", holder=_holder(row).words()) if row is not None else ""
            raise TakenError(phrase("this study was taken over{who}", who=who), self._study, "let that one go on")

    def stop_asked(self, seed: int) -> bool:
        """Whether a person asked this run to end the search of `seed`, or all of its searches."""
        return not {str(seed), ALL}.isdisjoint(self._stops())

    def stop_all_asked(self) -> bool:
        return ALL in self._stops()

    def _stops(self) -> list[str]:
        stops = stops_table()
        asked = stops.select().where((stops.c.study == self._study) & (stops.c.token == self._token))
        with self._engine.connect() as connection:
            return [row.seed for row in connection.execute(asked)]

    def release(self) -> None:
        """Ends the thread and removes its rows, if they are still this process's."""
        self._ended.set()
        self._thread.join()
        stops = stops_table()
        with self._engine.begin() as connection:
            connection.execute(self._table.delete().where(self._mine()))
            connection.execute(stops.delete().where((stops.c.study == self._study) & (stops.c.token == self._token)))
        self._engine.dispose()

    def _renew(self, beat_s: float) -> None:
        from sqlalchemy.exc import DBAPIError

        beats = self._table.c.beats
        while not self._ended.wait(beat_s):
            try:
                with self._engine.begin() as connection:
                    connection.execute(self._table.update().where(self._mine()).values(beats=beats + 1))
            except DBAPIError:
                continue  # Tried again at the next beat: nobody else can take the lease from a storage that is away.

    def _mine(self) -> Any:
        return (self._table.c.study == self._study) & (self._table.c.token == self._token)


@contextmanager
def only_runner(
    storage: str, study: str, report: Callable[[str], None], *, beat_s: float = BEAT_S, patience_s: float = PATIENCE_S
) -> Iterator[Lease]:
    """This process is the one runner of `study` in `storage` (a database URL) while the block lasts.

    Raises InputError, which names the other runner, if there is one. `report` is called with a line if it takes time to find out.
    """
    from sqlalchemy.exc import DBAPIError

    engine, table = _open(storage)
    me, token = _myself(), uuid.uuid4().hex
    try:
        _take(engine, table, study, token, me, report, patience_s)
    except (DBAPIError, ValueError, TypeError) as error:  # the latter two of a damaged file, or of a row of another's making
        engine.dispose()
        raise unusable(error) from error
    except BaseException:
        engine.dispose()
        raise
    lease = Lease(engine, table, study, token, beat_s)
    try:
        yield lease
    finally:
        lease.release()


def current_holder(engine: Engine, study: str) -> tuple[str, Holder] | None:
    """The token and the process of the run of `study`; None where there is none, or its process on this machine is gone."""
    from sqlalchemy import inspect

    table = _lease_table()
    row = _read(engine, table, study) if inspect(engine).has_table(table.name) else None
    if row is None or _state(_holder(row), _myself()) == "dead":
        return None
    return row.token, _holder(row)


def _take(
    engine: Engine, table: Table, study: str, token: str, me: Holder, report: Callable[[str], None], patience_s: float
) -> None:
    first: Any = None
    first_at = 0.0
    while True:
        row = _read(engine, table, study)
        if row is None:
            if _inserted(engine, table, study, token, me):
                return
            continue
        holder = _holder(row)
        state = _settled(holder, me)
        if state == "alive" or (first is not None and (row.token, row.beats) != first):
            raise TakenError(
                phrase("another runner has this study ({holder})", holder=holder.words()), study, "wait for it, or stop it first"
            )
        if first is None and state == "unknown":
            report(
                phrase(
                    "{study} is held by {holder}: looking for up to {seconds:g} s whether that one still runs",
                    study=study,
                    holder=holder.words(),
                    seconds=patience_s,
                )
            )
            first, first_at = (row.token, row.beats), time.monotonic()
        if state == "dead" or time.monotonic() - first_at >= patience_s:
            if _replaced(engine, table, row, token, me):
                return
            continue
        time.sleep(min(POLL_S, patience_s / 4))


def _settled(holder: Holder, me: Holder) -> Literal["alive", "dead", "unknown"]:
    """As `_state`, after waiting for a process that is about to end: people often resume right after they stopped a run."""
    until = time.monotonic() + LEAVING_S
    while (state := _state(holder, me)) == "alive" and holder.pid != me.pid and time.monotonic() < until:
        time.sleep(POLL_S / 10)
    return state


def _state(holder: Holder, me: Holder) -> Literal["alive", "dead", "unknown"]:
    """Whether a process of this machine lives; unknown for one elsewhere."""
    import psutil

    if holder.machine != me.machine:
        return "unknown"
    try:
        process = psutil.Process(holder.pid)
        # Start times of one process differ by hundredths of a second between readings. A zombie writes nothing any more.
        alive = abs(process.create_time() - holder.started) < 1 and process.status() != psutil.STATUS_ZOMBIE
        return "alive" if alive else "dead"
    except psutil.NoSuchProcess:
        return "dead"


def _myself() -> Holder:
    import psutil

    since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return Holder(platform.node(), _machine(), os.getpid(), psutil.Process().create_time(), since)


def _machine() -> str:
    """Equal for processes that see each other's numbers: machine, boot, and on Linux the container too."""
    import psutil

    space = Path("/proc/self/ns/pid")
    boot = Path("/proc/sys/kernel/random/boot_id")
    booted = boot.read_text().strip() if boot.exists() else f"{psutil.boot_time():.0f}"
    return f"{platform.node()} {booted} {space.readlink() if space.exists() else ''}".strip()


def _lease_table() -> Table:
    from sqlalchemy import Column, Integer, MetaData, String, Table, Text

    return Table(
        "huanhua_leases",
        MetaData(),
        Column("study", String(255), primary_key=True),
        Column("token", String(32), nullable=False),
        Column("holder", Text, nullable=False),
        Column("beats", Integer, nullable=False),
    )


def _open(storage: str) -> tuple[Engine, Table]:
    engine, table = open_engine(storage), _lease_table()
    with unusable_storage():
        create_table(engine, table)
        create_table(engine, stops_table())
    return engine, table


def _read(engine: Engine, table: Table, study: str) -> Any:
    with engine.connect() as connection:
        return connection.execute(table.select().where(table.c.study == study)).one_or_none()


def _holder(row: Any) -> Holder:
    return Holder(**json.loads(row.holder))


def _inserted(engine: Engine, table: Table, study: str, token: str, me: Holder) -> bool:
    """Takes a study that nobody runs; returns whether no other process was faster."""
    from sqlalchemy.exc import IntegrityError

    try:
        with engine.begin() as connection:
            connection.execute(table.insert().values(study=study, token=token, holder=json.dumps(asdict(me)), beats=0))
    except IntegrityError:
        return False
    return True


def _replaced(engine: Engine, table: Table, row: Any, token: str, me: Holder) -> bool:
    """Takes a dead runner's row, unless it changed since it was read; returns whether it did."""
    same = (table.c.study == row.study) & (table.c.token == row.token) & (table.c.beats == row.beats)
    with engine.begin() as connection:
        done = connection.execute(table.update().where(same).values(token=token, holder=json.dumps(asdict(me)), beats=0))
        return done.rowcount == 1
