"""Sends one request for a picture and watches the server while it draws.

The request waits in a thread of its own; the caller's thread asks for progress, so that Ctrl-C and `cancel` reach it. The
request itself is given no limit of time: the server counts as silent when its progress stands still.
"""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from models.errors import InputError
from models.language.translate import phrase
from optimizer.render.remote.base import DrawingCancelledError, OnStep
from optimizer.render.remote.client import Client, RefusedError
from optimizer.render.remote.webui.kinds import Kind
from optimizer.render.remote.webui.lists import API

POLL_S: Final = 0.5
"""Between two questions for progress."""
SILENCE_S: Final = 900.0
"""The longest that progress may stand still: a checkpoint may be loaded and hashed from a slow disk meanwhile."""
POLL_ANSWER_S: Final = 10.0
TASK: Final = "/internal/progress"
"""A route of the page, which states whether a task is the one in hand."""
INTERRUPT_S: Final = 3.0
"""How long a request that was not begun yet is waited for to be interrupted."""


@dataclass(frozen=True)
class State:
    """What /sdapi/v1/progress states."""

    job: str
    """Empty while the server draws nothing."""
    done: int
    """Sampling steps, over all passes of the picture."""
    steps: int
    """Their number; 0 if unknown."""
    stopped: bool
    """Whether the last job was interrupted or skipped by somebody."""
    mark: tuple[Any, ...]
    """Differs as long as the server works."""


@dataclass(frozen=True)
class Limits:
    """Seconds; tests shorten them."""

    poll_s: float = POLL_S
    silence_s: float = SILENCE_S
    interrupt_s: float = INTERRUPT_S


def state_of(client: Client, *, patiently: bool = False) -> State:
    """Raises what `Client.get` raises, and InputError for what is no progress."""
    found = client.get(f"{API}/progress", {"skip_current_image": "true"}, patiently=patiently, answer_s=POLL_ANSWER_S)
    inner = found.get("state") if isinstance(found, dict) else None
    if not isinstance(inner, dict):
        raise InputError(
            phrase("{api}/progress answers otherwise than a WebUI", api=API),
            client.url,
            "mend draw.url: another program may listen",
        )
    step, steps, number, count = (_whole(inner.get(key)) for key in ("sampling_step", "sampling_steps", "job_no", "job_count"))
    job = inner.get("job")
    return State(
        job if isinstance(job, str) else "",
        min(step, steps) + steps * number,
        steps * max(1, count),
        bool(inner.get("interrupted")) or bool(inner.get("skipped")),
        (job, step, number, inner.get("job_timestamp"), found.get("textinfo")),
    )


class Watch:
    """One request at a time; `cancel` may be called from any thread."""

    def __init__(self, client: Client, kind: Kind, on_step: OnStep, limits: Limits) -> None:
        self._client, self._kind, self._on_step, self._limits = client, kind, on_step, limits
        self._task = ""
        self._request: _Request | None = None
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Ends the request in hand. Raises nothing."""
        request = self._request
        if request is not None:
            self._cancelled.set()
            self._interrupt(request)

    def ask(self, body: Mapping[str, Any]) -> tuple[Any, bool]:
        """The answer, and whether somebody interrupted it: then it shows an unfinished picture, though it says all steps.

        An interruption cannot be seen if it came in the last half second before the end while another client's job was
        waiting: the server forgets it when that begins. Raises DrawingCancelledError after `cancel`, InputError if progress
        stands still for too long, and what `Client.post` raises.
        """
        self._cancelled.clear()
        self._task = f"huanhua({uuid.uuid4().hex[:12]})"
        sent = {**body, "force_task_id": self._task}
        request = _Request(lambda: self._client.post(f"{API}/txt2img", sent, patiently=False, answer_s=None))
        self._request = request
        try:
            return self._watched(request)
        except (KeyboardInterrupt, SystemExit):
            self._interrupt(request)
            raise
        finally:
            self._request = None

    def _watched(self, request: _Request) -> tuple[Any, bool]:
        stopped, mark, moved = False, None, time.monotonic()
        while not request.done.wait(self._limits.poll_s):
            if self._cancelled.is_set():
                raise DrawingCancelledError
            state = self._state()
            if state is not None and state.mark != mark:
                mark, moved = state.mark, time.monotonic()
                if self._kind.ours(state.job):
                    stopped = stopped or state.stopped
                    if state.steps:
                        self._on_step(state.done, state.steps)
            elif time.monotonic() - moved > self._limits.silence_s:
                what = phrase("the server shows no progress for {minutes:g} minutes", minutes=self._limits.silence_s / 60)
                raise InputError(what, self._client.url, "see its log, then run again: nothing that was drawn is lost")
        if self._cancelled.is_set():
            raise DrawingCancelledError
        answer = request.answer()
        last = state_of(self._client)
        return answer, stopped or (last.stopped and (not last.job or self._kind.ours(last.job)))

    def _state(self) -> State | None:
        try:
            return state_of(self._client)
        except InputError:
            # A server that loads a checkpoint may not answer for a while; the request itself breaks off if it is gone.
            return None

    def _interrupt(self, request: _Request) -> None:
        """Interrupts our job, once it has begun. One that still waits in the server's queue is drawn there for nobody."""
        ends = time.monotonic() + self._limits.interrupt_s
        with contextlib.suppress(InputError):
            while not request.done.is_set() and time.monotonic() < ends:
                if self._draws_ours():
                    self._client.post(f"{API}/interrupt", {}, patiently=False, answer_s=POLL_ANSWER_S)
                    return
                time.sleep(0.1)

    def _draws_ours(self) -> bool:
        """Where the server has no page, nothing tells our job from that of another client of its API."""
        if not self._kind.jobs:
            return self._kind.ours(state_of(self._client).job)
        try:
            found = self._client.post(
                TASK, {"id_task": self._task, "live_preview": False}, patiently=False, answer_s=POLL_ANSWER_S
            )
        except RefusedError:
            return self._kind.ours(state_of(self._client).job)
        return isinstance(found, dict) and found.get("active") is True


class _Request:
    """A call in a thread of its own. Its answer is thrown away if nobody asks for it."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.done = threading.Event()
        self._found: Any = None
        self._error: Exception | None = None
        threading.Thread(target=self._run, args=(call,), daemon=True, name="txt2img").start()

    def answer(self) -> Any:
        if self._error is not None:
            raise self._error
        return self._found

    def _run(self, call: Callable[[], Any]) -> None:
        try:
            self._found = call()
        except Exception as error:
            self._error = error
        finally:
            self.done.set()


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**6 else 0
