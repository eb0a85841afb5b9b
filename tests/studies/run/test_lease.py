"""One runner a study, on SQLite; the same on PostgreSQL is among the slow tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import sqlalchemy

from models.errors import InputError
from studies.run.lease import Holder, _myself, only_runner
from studies.testing.postgres import missing_postgres, postgres

HOLD = """
import sys
from studies.run.lease import only_runner
with only_runner(sys.argv[1], "outfit", print):
    print("taken", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'optuna.db'}"
        return
    if reason := missing_postgres():
        pytest.skip(reason)
    with postgres() as server:
        yield server.url


def take(storage: str, lines: list[str] | None = None, patience_s: float = 0.4) -> Any:
    return only_runner(storage, "outfit", (lines if lines is not None else []).append, beat_s=0.05, patience_s=patience_s)


def rows(storage: str) -> list[Any]:
    engine = sqlalchemy.create_engine(storage, poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        return list(connection.execute(sqlalchemy.text("select study, token, holder, beats from huanhua_leases")))


def leave(storage: str, holder: Holder) -> None:
    """As if `holder` ran the study and never released it."""
    with take(storage):
        pass
    engine = sqlalchemy.create_engine(storage, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        words = sqlalchemy.text("insert into huanhua_leases values ('outfit', 'theirs', :holder, 3)")
        connection.execute(words, {"holder": json.dumps(asdict(holder))})


def test_a_second_runner_is_refused_with_the_name_of_the_first(storage: str) -> None:
    with (
        take(storage),
        pytest.raises(InputError, match=rf"another runner has this study \(process {os.getpid()} on "),
        take(storage),
    ):
        pass
    assert rows(storage) == []
    with take(storage):
        pass


def test_two_studies_in_one_storage_have_a_runner_each(storage: str) -> None:
    with take(storage), only_runner(storage, "other", print):
        assert len(rows(storage)) == 2


@pytest.fixture
def runner(storage: str) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds the study."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, storage],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert child.stdout
    assert child.stdout.readline() == b"taken\n"
    yield child
    child.kill()
    child.communicate()


def test_a_killed_runner_of_this_machine_loses_it_at_once(storage: str, runner: subprocess.Popen[bytes]) -> None:
    with pytest.raises(InputError, match=f"process {runner.pid} on"), take(storage):
        pass
    runner.kill()
    runner.communicate()
    lines: list[str] = []
    with take(storage, lines, patience_s=600):
        assert lines == []


def test_a_killed_runner_that_nobody_has_waited_for_does_not_keep_it(storage: str, runner: subprocess.Popen[bytes]) -> None:
    runner.kill()
    with take(storage, patience_s=600):
        assert psutil.Process(runner.pid).status() == psutil.STATUS_ZOMBIE


def test_a_runner_that_is_about_to_go_is_waited_for(storage: str, runner: subprocess.Popen[bytes]) -> None:
    going = threading.Timer(0.5, runner.kill)
    going.start()
    with take(storage, patience_s=600):
        going.join()


def test_another_process_of_the_same_number_does_not_keep_it(storage: str) -> None:
    leave(storage, replace(_myself(), started=_myself().started - 1000))
    with take(storage, patience_s=600):
        pass


def test_a_dead_runner_elsewhere_loses_it_after_a_while(storage: str) -> None:
    leave(storage, replace(_myself(), machine="another", host="far"))
    lines: list[str] = []
    with take(storage, lines):
        assert "far" in lines[0]
        (row,) = rows(storage)
        assert row.token != "theirs"


def test_a_living_runner_elsewhere_keeps_it_whatever_its_clock(storage: str) -> None:
    leave(storage, replace(_myself(), machine="another", host="far", since="1970-01-01 00:00 UTC"))
    engine = sqlalchemy.create_engine(storage, poolclass=sqlalchemy.NullPool)
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(0.1):
            with engine.begin() as connection:
                connection.execute(sqlalchemy.text("update huanhua_leases set beats = beats + 1"))

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        with pytest.raises(InputError, match="another runner has this study"), take(storage, patience_s=60):
            pass
    finally:
        ended.set()
        thread.join()


def test_one_who_stood_still_and_was_replaced_stops_before_writing(storage: str) -> None:
    with take(storage) as lease:
        lease.check()
        engine = sqlalchemy.create_engine(storage, poolclass=sqlalchemy.NullPool)
        other = json.dumps(asdict(replace(_myself(), host="far")))
        with engine.begin() as connection:
            words = sqlalchemy.text("update huanhua_leases set token = 'theirs', holder = :holder")
            connection.execute(words, {"holder": other})
        with pytest.raises(InputError, match=r"taken over by process .* on far"):
            lease.check()
    assert [row.token for row in rows(storage)] == ["theirs"], "what another has is not released"


def test_a_runner_renews_it(storage: str) -> None:
    with take(storage):
        before = rows(storage)[0].beats
        for _ in range(200):
            if rows(storage)[0].beats > before:
                return
            threading.Event().wait(0.05)
    pytest.fail("the lease was not renewed")


@pytest.mark.parametrize("url", ["no url", "mysql+nothing://x/y", "postgresql+psycopg://u:secret@127.0.0.1:1/x"])
def test_a_storage_that_does_not_open_is_one_line_without_its_password(url: str) -> None:
    with pytest.raises(InputError) as refused, take(url):
        pass
    assert "\n" not in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("holder", ["no json", "{}", "[]", "null"])
def test_a_row_of_anothers_making_is_one_line(tmp_path: Path, holder: str) -> None:
    storage = f"sqlite:///{tmp_path / 'optuna.db'}"
    with take(storage):
        pass
    engine = sqlalchemy.create_engine(storage, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("insert into huanhua_leases values ('outfit', 't', :holder, 3)"), {"holder": holder})
    with pytest.raises(InputError, match="the storage does not open"), take(storage):
        pass
