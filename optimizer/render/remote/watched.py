"""A renderer over one server that makes sure, again and again, that the server draws as it did."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from models.errors import InputError
from models.language.translate import phrase
from optimizer.point import Job
from optimizer.render.decode import NotDrawn
from optimizer.render.remote.acting import StudyWeights, prove_acting
from optimizer.render.remote.base import DrawingCancelledError, RemoteRenderer, ServerFacts
from optimizer.render.remote.difference import Difference, Tolerance, difference
from optimizer.render.remote.memory import DrawnMemory

if TYPE_CHECKING:
    from PIL.Image import Image

EVERY: Final = 20
"""Images between two drawings of the start image."""
CAUSES: Final = phrase("a setting was changed there, an extension interferes, or the server drifts as it repeats itself")


class DriftError(InputError):
    """The server draws otherwise than it did. `names` are the images since the last check that passed: they are removed."""

    def __init__(self, what: str, where: object, mend: str, names: Sequence[str] = ()) -> None:
        super().__init__(what, where, mend)
        self.names = tuple(names)

    def __reduce__(self) -> Any:
        return type(self), (self.what, self.where, self.mend, self.names)


@dataclass(frozen=True)
class Checks:
    """What all servers of a study are held to. The first one that draws makes what the others are compared with."""

    weights: StudyWeights
    memory: DrawnMemory
    tolerance: Tolerance = field(default_factory=Tolerance)
    hint: Callable[[str], str] = lambda name: "its layers may be of another base"
    """Given a LoRA's name: what may be wrong with its file."""
    on_message: Callable[[str], None] = lambda text: None
    """Called with a line for a person before images are drawn that no job asks for."""
    lock: threading.Lock = field(default_factory=threading.Lock)


class WatchedRenderer:
    """A Renderer over `remote`, which listens at `url`.

    Before its first image, after every 20th, and whenever the server was away, the start image is drawn again and compared with
    the stored one. A server that is another one after it was away is refused. Each LoRA is proven to act once.
    """

    def __init__(self, remote: RemoteRenderer, url: str, checks: Checks) -> None:
        self.remote, self.url, self.checks = remote, url, checks
        self._facts: ServerFacts | None = None
        self._interruptions = 0
        self._unchecked: list[Job] = []
        self._cancelled = threading.Event()

    def identity(self) -> Mapping[str, Any]:
        return self.remote.identity()

    def batch(self) -> int:
        return 1

    def seconds_per_image(self) -> float:
        """Measured by the drawing of the start image and of those that prove that LoRAs act; none of them is drawn twice."""
        self.begin()
        return self.remote.seconds_per_image()

    def render(self, jobs: Sequence[Job]) -> list[Image | NotDrawn]:
        if any(job.regions for job in jobs):
            raise InputError("a server draws all LoRAs everywhere", self.url, "leave regions out, or draw with huanhua itself")
        if any(job.point.acting_schedules() for job in jobs):
            raise InputError("a server draws LoRAs in all steps", self.url, "leave schedules out, or draw with huanhua itself")
        return [self._one(job) for job in jobs]

    def begin(self) -> None:
        """Checks the server before the first image of a run; further calls do nothing."""
        if self._facts is None:
            with self.checks.lock:
                self._stop_if_cancelled()
                facts = self.remote.facts()
                self._announce()
                self._interruptions = self.remote.interruptions()
                self._check_canary()
                prove_acting(self.remote, self.checks.weights, self.checks.memory, self.checks.tolerance, self.checks.hint)
                self._facts = facts

    def verify(self) -> None:
        """Checks the server once more if it drew anything since the last check. Raises DriftError, InputError."""
        if self._unchecked:
            self._check_again()

    def cancel(self) -> None:
        """Called from another thread: the image in hand is stopped, and no other one begun until `resume`."""
        self._cancelled.set()
        self.remote.cancel()

    def resume(self) -> None:
        self._cancelled.clear()

    def _one(self, job: Job) -> Image | NotDrawn:
        self.begin()
        with self.checks.lock:
            drawn = self.checks.memory.find(job)
        if drawn is not None:
            # The start image, or one that proved that a LoRA acts.
            return drawn
        if len(self._unchecked) >= EVERY:
            self._check_again()
        self._stop_if_cancelled()
        image = self.remote.render([job])[0]
        if self.remote.interruptions() != self._interruptions:
            self._check_identity()
            self._check_again()
        self._unchecked.append(job)
        return image

    def _announce(self) -> None:
        weights, memory = self.checks.weights, self.checks.memory
        unproven = [name for name in {**weights.top, **weights.fixed} if name not in memory.acting()]
        if memory.canary() is not None:
            text = "the start image is drawn again at {url}, to see that nothing has changed there"
            self.checks.on_message(phrase(text, url=self.url))
        elif unproven:
            text = "first the start image at {url}, then without {names} in turn, to see that each LoRA acts"
            self.checks.on_message(phrase(text, url=self.url, names=", ".join(unproven)))

    def _check_again(self) -> None:
        with self.checks.lock:
            self._stop_if_cancelled()
            self._check_canary()
        self._unchecked.clear()

    def _check_canary(self) -> None:
        """Raises DriftError if the start image comes out otherwise than before; the first one is only stored."""
        memory, start = self.checks.memory, self.checks.weights.start
        before = memory.canary() or memory.find(start)
        now = self.remote.draw(start, self.checks.weights.all, afresh=True)
        if before is None:
            if isinstance(now, NotDrawn):
                raise InputError(
                    phrase("the start image cannot be drawn: {reason}", reason=now.reason), self.url, "see the server's log"
                )
            memory.keep(start, now)
        else:
            found = difference(before, now)
            if not self.checks.tolerance.allows(found):
                raise self._drift(found)
        memory.keep_canary(now if before is None else before)

    def _drift(self, found: Difference) -> DriftError:
        names = self.checks.memory.forget(self._unchecked)
        allowed = self.checks.tolerance.words()
        what = phrase(
            "the server draws the start image otherwise than before: {words}, where {allowed} are allowed; {causes}",
            words=found.words(),
            allowed=allowed,
            causes=CAUSES,
        )
        if names:
            what = phrase("{what}; the {count} images since the last check are set aside", what=what, count=len(names))
        self._unchecked.clear()
        return DriftError(what, self.url, "put it back and run again, or start a new study for what it draws now", names)

    def _check_identity(self) -> None:
        """Raises InputError if another server answers than the one that the run began with."""
        assert self._facts is not None
        now = self.remote.facts()
        changed = server_differences(self._facts, now)
        if changed:
            what = phrase("the server was started again as another one ({changed})", changed="; ".join(changed))
            raise InputError(what, self.url, "start it as it was, then run again: nothing that was drawn is lost")
        self._interruptions = self.remote.interruptions()

    def _stop_if_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise DrawingCancelledError


def server_differences(one: ServerFacts, other: ServerFacts) -> list[str]:
    """One phrase for each fact that decides images and has changed. What only one of them states is no difference."""

    def entries(facts: ServerFacts) -> dict[str, str]:
        loras = {f"LoRA {name}": lora.hash[:12] for name, lora in facts.loras.items()}
        base = {"checkpoint": facts.checkpoint, "checkpoint's hash": facts.checkpoint_hash[:12]}
        return {"program": facts.kind, "version": facts.version, **base, **loras}

    was, now = entries(one), entries(other)
    return [
        phrase("{name} was {before} and is {now}", name=name, before=was[name], now=now[name])
        for name in was
        if was[name] and now.get(name) and was[name] != now[name]
    ]
