"""Several drawing servers at work at the same time: a thread for each, and each job drawn by whichever is free."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias

from optimizer.point import Job
from optimizer.render.base import Renderer
from optimizer.render.decode import NotDrawn
from optimizer.render.remote.client import ServerAwayError

if TYPE_CHECKING:
    from PIL.Image import Image

Drawn: TypeAlias = "Image | NotDrawn"


class Server(Renderer, Protocol):
    """A renderer whose work another thread can stop."""

    def cancel(self) -> None:
        """Ends the image in hand, if any; `render` then raises, also for what it is asked for until `resume`."""
        ...

    def resume(self) -> None: ...


@dataclass
class Servers:
    """One that goes away and stays away is left out, and its job drawn by another, as long as there is one."""

    servers: Sequence[Server]
    on_away: Callable[[ServerAwayError], None] = lambda error: None
    """Called with the reason why one is left out."""
    _away: list[Server] = field(default_factory=list)

    def draw(self, jobs: Mapping[int, Job]) -> Iterator[tuple[int, Drawn]]:
        """Images by the key of their job, in the order in which they finish.

        The first error of a server ends the work of all, as does closing the iterator: what they draw then is stopped.
        """
        waiting = deque(jobs.items())
        free = deque(server for server in self.servers if server not in self._away)
        running: dict[Future[list[Drawn]], tuple[int, Server]] = {}
        with ThreadPoolExecutor(len(self.servers), thread_name_prefix="server") as threads:

            def assign() -> None:
                while waiting and free:
                    key, job = waiting.popleft()
                    server = free.popleft()
                    running[threads.submit(server.render, [job])] = key, server

            try:
                while waiting or running:
                    assign()
                    finished, _ = wait(running, return_when=FIRST_COMPLETED)
                    drawn = []
                    for future in finished:
                        key, server = running.pop(future)
                        try:
                            drawn.append((key, future.result()[0]))
                        except ServerAwayError as error:
                            if not free and not running:
                                raise
                            self._leave_out(server, error)
                            waiting.appendleft((key, jobs[key]))
                            continue
                        free.append(server)
                    # Before the images are handed on: whoever takes them may be slow.
                    assign()
                    yield from drawn
            finally:
                self._stop(running)

    def _leave_out(self, server: Server, error: ServerAwayError) -> None:
        self._away.append(server)
        self.on_away(error)

    def _stop(self, running: Mapping[Future[list[Drawn]], tuple[int, Server]]) -> None:
        """Returns once no server draws."""
        busy = [server for _, server in running.values()]
        for server in busy:
            server.cancel()
        wait(running)
        for server in busy:
            server.resume()
