"""Workers on a Ray cluster: one actor a GPU, or a CPU slot; each opens the models once. Ray places, restarts and retries.

The workers write nothing: they return images and observations to the runner, which alone stores them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from models.errors import InputError, first_line
from models.language.translate import phrase
from optimizer.evaluate.image_cache import as_png
from optimizer.evaluate.observe import observe
from optimizer.point import Job
from optimizer.render.base import Renderer
from scorers.observe.base import Observer

AHEAD: Final = 2
"""Tasks assigned to a worker at most: one that runs and one that waits for it."""
INSTALL: Final = "pip install 'huanhua[ray]'"
Answer = list[tuple[bytes, dict[str, Any]]]
"""PNG and observation of each job."""
Build = Callable[[], tuple[Renderer, Observer]]
"""Opens the models, in the worker. Must be picklable."""


@dataclass(frozen=True)
class Hello:
    """What a worker reports of its renderer once its models are open."""

    identity: Mapping[str, Any]
    batch: int
    """Images drawn together, at best."""
    seconds: float
    """Per image, on one worker."""


class Worker:
    """Lives in a process of its own, on any machine of the cluster."""

    def __init__(self, build: Build) -> None:
        self._refused: InputError | None = None
        try:
            self._renderer, self._observer = build()
        except InputError as error:  # raised by `hello`: Ray would print a traceback of an actor that does not start
            self._refused = error

    def hello(self) -> Hello:
        if self._refused is not None:
            raise self._refused
        return Hello(self._renderer.identity(), self._renderer.batch(), self._renderer.seconds_per_image())

    def draw(self, jobs: Sequence[Job]) -> Answer:
        images = self._renderer.render(jobs)
        observations = observe(self._observer, images)
        return [(as_png(image), observation.to_json()) for image, observation in zip(images, observations, strict=True)]


class Pool:
    """The workers of one study. Close it: they use memory until then."""

    def __init__(self, build: Build, workers: int | None, *, gpu: bool) -> None:
        import ray

        count = workers or int(ray.cluster_resources().get("GPU" if gpu else "CPU", 0))
        if count < 1:
            raise InputError("this cluster has no GPU", "--ray", "give --ray-workers N to draw on CPU slots")
        # -1: without limit. Ray restarts a lost worker elsewhere, and its task with it.
        options = {"max_restarts": -1, "max_task_retries": -1, "num_cpus": 1, "num_gpus": 1 if gpu else 0}
        actor: Any = ray.remote(**options)(Worker)
        self._actors = [actor.remote(build) for _ in range(count)]
        self.hello = self._agreed()

    def __len__(self) -> int:
        return len(self._actors)

    def draw(self, tasks: Mapping[int, Sequence[Job]]) -> Iterator[tuple[int, Answer]]:
        """Answers by the key of their task, in the order in which they finish."""
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
                raise InputError(
                    phrase("two workers would draw different images ({keys} differ)", keys=", ".join(keys)), "--ray", mend
                )
        found: Hello = first
        return found


def _got(reference: Any) -> Any:
    """A result; raises an InputError that a worker raised as if it came from this process."""
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
            phrase("no Ray cluster answers ({error})", error=first_line(error, 160)),
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
        raise InputError(phrase("no Ray cluster answers ({error})", error=error), address, mend) from error
