"""Writes to MLflow from a process of its own, so that MLflow's Python code does not compete with rendering for the interpreter.

`python -m studies.tracking.mlflow.writer_process` reads pickled events from standard input and replies to each on standard
output. It ends when its input does, so that it does not outlive a killed runner.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final, Literal, NamedTuple

from studies.tracking.events import Event
from studies.tracking.outbox import UnreachableError

GRACE_S: Final = 5.0


class RejectedError(Exception):
    """The server will never accept this event."""


class Destination(NamedTuple):
    """Where to write: as the arguments of `Writer`."""

    uri: str
    experiment: str
    artifacts: Path | None
    owner: str = ""


class Reply(NamedTuple):
    """The result of one event; `reason` is empty if it was written."""

    state: Literal["written", "unreachable", "rejected"]
    reason: str = ""


class WriterProcess:
    """Starts its process with the first event, and again if the process dies."""

    def __init__(self, destination: Destination) -> None:
        self._destination = destination
        self._closed = False
        self._process: subprocess.Popen[bytes] | None = None

    def write(self, event: Event) -> None:
        """Raises UnreachableError if the event should be sent again, RejectedError if that is useless."""
        if self._closed:
            raise UnreachableError("nothing is written any more")
        try:
            process = self._started()
            _send(process.stdin, event)
            reply: Reply = pickle.load(_open(process.stdout))
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            self.stop()
            raise UnreachableError(f"the process that writes to MLflow ended ({error})") from error
        if reply.state == "unreachable":
            raise UnreachableError(reply.reason)
        if reply.state == "rejected":
            raise RejectedError(reply.reason)

    def close(self) -> None:
        """Nothing is written any more."""
        self._closed = True
        self.stop()

    def stop(self) -> None:
        """Closes the input of the process, which ends it; kills one that waits for a server for more than `GRACE_S`."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(OSError):
            _open(process.stdin).close()
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _open(process.stdout).close()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            # In a session of its own: Ctrl-C stops the runner, which still has events to log.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "studies.tracking.mlflow.writer_process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            # Not as an argument, which other users can read: a URI may contain a password.
            _send(self._process.stdin, self._destination)
        return self._process


def main() -> None:
    import os

    from studies.tracking.mlflow.writer import Writer

    if hasattr(os, "nice"):
        os.nice(10)  # rendering comes first where both want a processor
    # What a library prints must not mix with the replies.
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    destination: Destination = pickle.load(sys.stdin.buffer)
    writer: Writer | None = None
    while True:
        try:
            event: Event = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            writer = writer or Writer(*destination)
            writer.write(event)
            reply = Reply("written")
        except UnreachableError as error:
            reply = Reply("unreachable", str(error))
        except Exception as error:  # the other events go on
            reply = Reply("rejected", f"{type(error).__name__}: {error}")
        _send(replies, reply)


def _send(stream: IO[bytes] | None, value: Any) -> None:
    pickle.dump(value, _open(stream))
    _open(stream).flush()


def _open(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


if __name__ == "__main__":
    # Pickle stores the module of a class, which is __main__ here.
    from studies.tracking.mlflow import writer_process

    writer_process.main()
