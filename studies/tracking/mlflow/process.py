"""Writes to MLflow from a process of its own: in the runner's, its Python would take turns with every step of rendering.

`python -m studies.tracking.mlflow.process` reads pickled events from standard input, as the runner writes them, and answers
each on
standard output. It ends when its input does, so that it does not outlive a killed runner.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final, Literal, NamedTuple

from studies.tracking.events import Event
from studies.tracking.outbox import AwayError

GRACE_S: Final = 5.0


class RefusedError(Exception):
    """The server will never take this event."""


class Place(NamedTuple):
    """Where to write: as the arguments of `Writer`."""

    uri: str
    experiment: str
    artifacts: Path | None


class Answer(NamedTuple):
    """What became of one event; `why` is empty if it was written."""

    state: Literal["written", "away", "refused"]
    why: str = ""


class Courier:
    """Starts its process with the first event, and again if it dies."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._closed = False
        self._process: subprocess.Popen[bytes] | None = None

    def write(self, event: Event) -> None:
        """Raises AwayError if it should be tried again, RefusedError if it need not be."""
        if self._closed:
            raise AwayError("nothing is written any more")
        try:
            process = self._started()
            _send(process.stdin, event)
            answer: Answer = pickle.load(_there(process.stdout))
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            self.stop()
            raise AwayError(f"the process that writes to MLflow ended ({error})") from error
        if answer.state == "away":
            raise AwayError(answer.why)
        if answer.state == "refused":
            raise RefusedError(answer.why)

    def close(self) -> None:
        """Nothing is written any more."""
        self._closed = True
        self.stop()

    def stop(self) -> None:
        """Lets the process end by itself; one that still waits for a server is ended."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(OSError):
            _there(process.stdin).close()
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _there(process.stdout).close()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            # In a session of its own: Ctrl-C ends the runner, which then still has things to log.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "studies.tracking.mlflow.process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            # Not among the arguments, which anyone can read: a URI may hold a password.
            _send(self._process.stdin, self._place)
        return self._process


def main() -> None:
    import os

    from studies.tracking.mlflow.writer import Writer

    if hasattr(os, "nice"):
        os.nice(10)  # rendering comes first where both want a processor
    # Whatever a library prints must not come between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    place: Place = pickle.load(sys.stdin.buffer)
    writer: Writer | None = None
    while True:
        try:
            event: Event = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            writer = writer or Writer(*place)
            writer.write(event)
            answer = Answer("written")
        except AwayError as error:
            answer = Answer("away", str(error))
        except Exception as error:  # whatever one event meets, the others go on
            answer = Answer("refused", f"{type(error).__name__}: {error}")
        _send(answers, answer)


def _send(stream: IO[bytes] | None, value: Any) -> None:
    pickle.dump(value, _there(stream))
    _there(stream).flush()


def _there(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


if __name__ == "__main__":
    # Pickle names classes by their module, which is __main__ here.
    from studies.tracking.mlflow import process as courier

    courier.main()
