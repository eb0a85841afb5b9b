"""WebuiRenderer: draws in the user's own A1111, Forge, reForge or SD.Next, over its API."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from models.errors import InputError
from models.language.translate import phrase
from optimizer.point import Job
from optimizer.render.base import RenderSettings
from optimizer.render.decode import NotDrawn
from optimizer.render.remote.base import DrawingCancelledError, OnStep, ServerFacts
from optimizer.render.remote.client import Client, RefusedError, ServerAwayError
from optimizer.render.remote.server_lora import StudyLora
from optimizer.render.remote.webui.answer import check_answer, picture_of, read_answer
from optimizer.render.remote.webui.asked import Asked, asked
from optimizer.render.remote.webui.names import sampler_names
from optimizer.render.remote.webui.opening import Opened, Wanted, look_up, open_server
from optimizer.render.remote.webui.payload import checked_payload
from optimizer.render.remote.webui.prompt import check_prompt
from optimizer.render.remote.webui.refusals import in_one_line
from optimizer.render.remote.webui.settings import unusual
from optimizer.render.remote.webui.watching import Limits, Watch, state_of

if TYPE_CHECKING:
    from PIL.Image import Image

PATH: Final = "webui 1"
"""Raised when another request is sent for the same job, so that other pictures come."""
TRIES: Final = 5
"""How often one image is begun, where the server goes away or somebody interrupts it at the page."""


class WebuiRenderer:
    """A `RemoteRenderer` over txt2img.

    Nothing is asked before the first image, `facts` or `identity`. The server is opened once, and again after it was away.
    Between requests it is as its user left it: nothing is saved there, settings are restored after each image.
    """

    def __init__(
        self,
        client: Client,
        settings: RenderSettings,
        loras: Sequence[StudyLora],
        checkpoint: str,
        *,
        vae: str | None = None,
        payload: Mapping[str, Any] | None = None,
        embeddings: Sequence[str] = (),
        on_step: OnStep = lambda step, of: None,
    ) -> None:
        """`checkpoint` and `vae` as the server names them; `vae` None for the checkpoint's own. `payload` is merged into each
        request. `embeddings` are the names of textual inversions in the prompt.

        Raises InputError for a payload that sets what the study decides, and LoRAs in the prompt.
        """
        for text, where in ((settings.prompt, "prompt"), (settings.negative_prompt, "negative_prompt")):
            check_prompt(text, where)
        self._client = client
        self._wanted = Wanted(settings, loras, checkpoint, vae, checked_payload(payload or {}), embeddings)
        self._on_step = on_step
        self._fixed = {lora.name: lora.fixed for lora in loras if lora.fixed is not None}
        self.limits = Limits()
        self._opened: Opened | None = None
        self._watch: Watch | None = None
        self._identity: Mapping[str, Any] | None = None
        self._drawing, self._cancelled = threading.Event(), threading.Event()
        self._interruptions = 0
        self._seconds: list[float] = []

    def facts(self) -> ServerFacts:
        """Asks the lists again each time; draws its first small picture once, and again after the server was away."""
        opened = self._open()
        frame = look_up(self._client, self._wanted)
        return ServerFacts(
            opened.expected.kind.name,
            opened.expected.version,
            frame.checkpoint.title,
            opened.checkpoint_hash,
            "",
            opened.loras,
            *frame.size,
            frame.lists.device,
            sampler_names(frame.lists),
        )

    def identity(self) -> Mapping[str, Any]:
        if self._identity is None:
            self._identity = self._described(self._open())
        return self._identity

    def render(self, jobs: Sequence[Job]) -> list[Image | NotDrawn]:
        return [self.draw(job, {**self._fixed, **job.point.by_file()}) for job in jobs]

    def draw(self, job: Job, weights: Mapping[str, float], *, afresh: bool = False) -> Image | NotDrawn:
        """`afresh` changes nothing: a WebUI keeps no pictures."""
        self._cancelled.clear()
        self._drawing.set()
        try:
            return self._drawn(job, weights)
        finally:
            self._drawing.clear()

    def _drawn(self, job: Job, weights: Mapping[str, float]) -> Image | NotDrawn:
        for left in reversed(range(TRIES)):
            opened = self._open()
            if self._cancelled.is_set():
                raise DrawingCancelledError
            request = asked(job, weights, opened.frame)
            try:
                found, stopped = self._ask(request, opened)
            except ServerAwayError:
                if not left:
                    raise
                self._reopen()
                continue
            except RefusedError as error:
                # A server that is being stopped may answer 500 without a word. Forge answers every error so: one more try.
                if error.status == 500 and error.answer is None and left == TRIES - 1:
                    self._reopen()
                    continue
                return _meant(error, self._client.url, request.size)
            if not stopped:
                return self._taken(found, request, opened)
        raise InputError("somebody interrupts our pictures at the server's page", self._client.url, "let it draw, then run again")

    def batch(self) -> int:
        return 1

    def seconds_per_image(self) -> float:
        return median(self._seconds) if self._seconds else 0.0

    def interruptions(self) -> int:
        return self._interruptions

    def cancel(self) -> None:
        if self._drawing.is_set():
            # The server may be opened just now, or be waited for: then this ends the drawing afterwards.
            self._cancelled.set()
        if self._watch is not None:
            self._watch.cancel()

    def close(self) -> None:
        self._client.close()

    def _ask(self, request: Asked, opened: Opened) -> tuple[Any, bool]:
        """The answer, and whether somebody interrupted it."""
        began = time.monotonic()
        self._watch = Watch(self._client, opened.expected.kind, self._on_step, self.limits)
        found, stopped = self._watch.ask(request.fields)
        if not stopped:
            self._seconds = [*self._seconds[-99:], time.monotonic() - began]
        return found, stopped

    def _taken(self, found: Any, request: Asked, opened: Opened) -> Image | NotDrawn:
        url = self._client.url
        answer = read_answer(found, url)
        check_answer(answer, request, opened.expected, url)
        return picture_of(answer, request, url)

    def _open(self) -> Opened:
        if self._opened is None:
            opened = open_server(self._client, self._wanted)
            if self._identity is not None:
                _check_same(self._identity, self._described(opened), self._client.url)
            self._opened = opened
        return self._opened

    def _reopen(self) -> None:
        """Raises ServerAwayError if the server does not come back. Its page may answer before its API does."""
        self._interruptions += 1
        self._opened = None
        patience = self._client.patience
        for pause in (*patience.pauses, None):
            try:
                state_of(self._client, patiently=True)
            except RefusedError as error:
                if error.status != 404 or pause is None:
                    raise
                patience.sleep(pause)
            else:
                return

    def _described(self, opened: Opened) -> Mapping[str, Any]:
        frame, own = opened.frame, opened.frame.settings
        return {
            "path": PATH,
            "server": {"kind": opened.expected.kind.name, "version": opened.expected.version},
            "base": opened.checkpoint_hash or frame.checkpoint.title,
            "loras": {name: lora.hash for name, lora in opened.loras.items()},
            "frame": {**asdict(own), "vae": frame.vae, **unusual({**frame.followed, **opened.recorded})},
            "embeddings": dict(opened.expected.embeddings),
            "payload": frame.payload.digest(),
            "fixed": dict(self._fixed),
        }


def _check_same(before: Mapping[str, Any], now: Mapping[str, Any], url: str) -> None:
    """Raises InputError if a server that was started again would draw other pictures."""
    for key, value in before.items():
        if value != now[key]:
            what = phrase(
                "the server was started again with another {key}: it was {value}, and is {now}",
                key=key,
                value=value,
                now=now[key],
            )
            raise InputError(what, url, "put it back, then run again: nothing that was drawn is lost")


def _meant(error: RefusedError, url: str, size: tuple[int, int]) -> NotDrawn:
    """Raises InputError for all but NaN."""
    meant = in_one_line(error, url, size)
    if isinstance(meant, InputError):
        raise meant from error
    return meant
