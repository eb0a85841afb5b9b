"""Evaluating on a Ray cluster: one actor a GPU, or a CPU slot; each opens the models once. Ray places, restarts and retries.

The workers write nothing: images and observations come back to the runner, which alone stores them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from models.errors import InputError
from optimizer.evaluate.evaluator import look
from optimizer.evaluate.image_cache import as_png
from optimizer.point import Job
from scorers.observe.base import Observer

if TYPE_CHECKING:
    from PIL.Image import Image

    from optimizer.render.decode import NotDrawn

AHEAD: Final = 2
"""Tasks a worker has at most: one that it does and one that waits for it."""
INSTALL: Final = "pip install 'huanhua[ray]'"
Answer = list[tuple[bytes, dict[str, Any]]]
"""PNG and observation of each job."""


class Draws(Protocol):
    """A renderer as a worker needs it."""

    def render(self, jobs: Sequence[Job]) -> list[Image | NotDrawn]: ...

    def identity(self) -> Mapping[str, Any]: ...

    def batch(self) -> int: ...

    def seconds_per_image(self) -> float: ...


Build = Callable[[], tuple[Draws, Observer]]
"""Opens the models, in the worker. Must be picklable."""


@dataclass(frozen=True)
class Hello:
    """What a worker tells of itself once its models are open."""

    identity: Mapping[str, Any]
    batch: int
    seconds: float


class Worker:
    """Lives in a process of its own, on any machine of the cluster."""

    def __init__(self, build: Build) -> None:
        self._refused: InputError | None = None
        try:
            self._renderer, self._observer = build()
        except InputError as error:  # told by `hello`: Ray would print a traceback of an actor that does not start
            self._refused = error

    def hello(self) -> Hello:
        if self._refused is not None:
            raise self._refused
        return Hello(self._renderer.identity(), self._renderer.batch(), self._renderer.seconds_per_image())

    def draw(self, jobs: Sequence[Job]) -> Answer:
        images = self._renderer.render(jobs)
        seen = look(self._observer, images)
        return [(as_png(image), observation.to_json()) for image, observation in zip(images, seen, strict=True)]


class Pool:
    """Workers of one study. Close it: they hold memory until then."""

    def __init__(self, build: Build, workers: int | None, *, gpu: bool) -> None:
        import ray

        count = workers or int(ray.cluster_resources().get("GPU" if gpu else "CPU", 0))
        if count < 1:
            raise InputError("this cluster has no GPU", "--ray", "give --ray-workers N to draw on CPU slots")
        # -1: as often as it takes. A worker that is lost is started again elsewhere and its task with it.
        options = {"max_restarts": -1, "max_task_retries": -1, "num_cpus": 1, "num_gpus": 1 if gpu else 0}
        actor: Any = ray.remote(**options)(Worker)
        self._actors = [actor.remote(build) for _ in range(count)]
        self.hello = self._agreed()

    def __len__(self) -> int:
        return len(self._actors)

    def draw(self, tasks: Mapping[int, Sequence[Job]]) -> Iterator[tuple[int, Answer]]:
        """Answers by the key of their task, as they are done."""
        import ray

        waiting = deque(tasks.items())
        free = deque([*self._actors] * AHEAD)
        running: dict[Any, tuple[int, Any]] = {}
        while waiting or running:
            while waiting and free:
                key, jobs = waiting.popleft()
                actor = free.popleft()
                running[actor.draw.remote(list(jobs))] = key, actor
            (done,), _ = ray.wait(list(running), num_returns=1)
            key, actor = running.pop(done)
            free.append(actor)
            yield key, _got(done)

    def pids(self) -> list[int]:
        """Process numbers of the workers, for whoever watches them."""
        import os

        import ray

        return [int(ray.get(actor.__ray_call__.remote(lambda _: os.getpid()))) for actor in self._actors]

    def close(self) -> None:
        import ray

        for actor in self._actors:
            ray.kill(actor)

    def _agreed(self) -> Hello:
        """Raises InputError if two workers would draw different images of the same job."""
        first, *others = [_got(actor.hello.remote()) for actor in self._actors]
        for other in others:
            if other.identity != first.identity:
                keys = [key for key in first.identity if first.identity[key] != other.identity.get(key)]
                mend = "let all workers be of one kind, or name dtype and device in the study"
                raise InputError(f"two workers would draw different images ({', '.join(keys)} differ)", "--ray", mend)
        found: Hello = first
        return found


def _got(reference: Any) -> Any:
    """A result, or the InputError that a worker met, as this process would have raised it."""
    import ray

    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, InputError):
            raise error.cause from None
        raise


def connect(address: str, cpus: int | None) -> None:
    """`local` starts a cluster of this machine on loopback; `auto` finds the one that runs here; else HOST:PORT or ray://."""
    import os
    from importlib.util import find_spec

    if find_spec("ray") is None:
        raise InputError("Ray is not installed", "--ray", INSTALL)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Actors of this process's own Python, whatever tool started it.
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    import ray

    if address not in ("local", "auto"):
        _answers(address)
    quiet: dict[str, Any] = {"log_to_driver": False, "configure_logging": True, "logging_level": "ERROR"}
    try:
        if address == "local":
            ray.init(address="local", num_cpus=cpus, include_dashboard=False, _node_ip_address="127.0.0.1", **quiet)
        else:
            ray.init(address=address, **quiet)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise InputError(
            f"no Ray cluster answers ({str(error).splitlines()[0][:160]})",
            address,
            "start one with `ray start --head`, see docs/scaling.md",
        ) from error


def _answers(address: str) -> None:
    """Raises InputError if nothing listens there: Ray itself would try for minutes, and then end the process."""
    import socket
    from urllib.parse import urlsplit

    place = urlsplit(address if "://" in address else f"ray://{address}")
    mend = "write local, auto, HOST:PORT or ray://HOST:PORT; start a cluster with `ray start --head`, see docs/scaling.md"
    try:
        with socket.create_connection((place.hostname or "", place.port or 0), timeout=10):
            pass
    except (OSError, ValueError) as error:
        raise InputError(f"no Ray cluster answers ({error})", address, mend) from error
