"""Draws jobs with a workflow of the user's on a ComfyUI server."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from models.errors import InputError
from models.io.hashing import hash_path
from models.language.translate import phrase
from optimizer.point import Job, Point, lora_of_key
from optimizer.render.base import RenderSettings
from optimizer.render.decode import NotDrawn
from optimizer.render.remote.base import OnStep, ServerFacts
from optimizer.render.remote.client import Client, ServerAwayError
from optimizer.render.remote.comfyui.catalogue import Catalogue, FileHashes
from optimizer.render.remote.comfyui.connection import Connection
from optimizer.render.remote.comfyui.drawing import Drawing, LostError
from optimizer.render.remote.comfyui.facts import Asked, Question
from optimizer.render.remote.comfyui.prepared import BLANK, PREVIEW, WEBSOCKET, blank, prepared
from optimizer.render.remote.comfyui.workflow import Settings, Workflow
from optimizer.render.remote.picture import picture_from
from optimizer.render.remote.server_lora import StudyLora

if TYPE_CHECKING:
    from PIL.Image import Image

PATH: Final = "comfyui 1"
"""How a workflow is filled and sent: another way may draw other images."""
SILENCE_S: Final = 600.0
"""Without any message while the server draws."""
TRIES: Final = 4
"""Connections that may break, or images that may be lost, over one image."""
FREEING_S: Final = (0.0, 0.5, 2.0, 4.0)
"""Seconds before each look whether a server has emptied its cache."""


def _no_step(done: int, of: int) -> None:
    pass


class ComfyRenderer:
    """A `RemoteRenderer` over one ComfyUI server."""

    def __init__(
        self,
        client: Client,
        settings: RenderSettings,
        loras: Sequence[StudyLora],
        on_step: OnStep = _no_step,
        *,
        workflow: Workflow,
        file_hash: Callable[[Path], str] = hash_path,
        silence_s: float = SILENCE_S,
    ) -> None:
        """Asks the server nothing. `settings` are those of the workflow but for what the study sets; its size is not read, the
        workflow decides it, and steps and sampler are not where it has no place for them. `file_hash` is SHA-256 of a file.

        Raises InputError for LoRAs that the workflow does not load, and for texts that it has no place for.
        """
        self._client, self._settings, self._loras = client, settings, list(loras)
        self._on_step, self._workflow, self._silence_s = on_step, workflow, silence_s
        self._slots = workflow.loras(self._loras)
        self._hashes = FileHashes(file_hash)
        self._size = workflow.own.size
        self._only_cfg: float | None = None
        self._catalogue = Catalogue(client)
        self._output = WEBSOCKET
        self._asked: Asked | None = None
        self._connection: Connection | None = None
        self._drawing: Drawing | None = None
        self._cancelled = threading.Event()
        self._cache_is_current = False
        self._interruptions = 0
        self._seconds: list[float] = []
        self.was_drawn = False
        """Whether the server sampled the last image, rather than sending a kept one again."""
        self._sample({})

    def facts(self) -> ServerFacts:
        catalogue = Catalogue(self._client)
        catalogue.version_and_device()
        output = WEBSOCKET if catalogue.has(WEBSOCKET) else PREVIEW
        question = Question(self._workflow, self._loras, self._slots, self._hashes, self._size or (0, 0))
        names = question.server_names(catalogue.loras(), self._client.url)
        catalogue.check(prepared(self._sample(names), self._workflow.slots.image, output), self._workflow.graph)
        asked = question.ask(catalogue)
        self._catalogue, self._output = catalogue, output
        if self._asked is None:
            self._asked = asked
        for id_, digest in asked.inputs.items():
            if self._asked.inputs[id_] != digest:
                what = phrase(
                    "the picture that node {label} reads changed while it was in use", label=self._workflow.graph.nodes[id_].label
                )
                raise InputError(what, self._client.url, "run again")
        return asked.facts

    def _known(self) -> Asked:
        """As at the first question: what is drawn stays what it was."""
        if self._asked is None:
            self.facts()
        assert self._asked is not None
        return self._asked

    def identity(self) -> Mapping[str, Any]:
        known, settings = self._known(), self._settings
        facts = known.facts
        frame: dict[str, Any] = {"prompt": settings.prompt, "negative_prompt": settings.negative_prompt}
        frame |= {"steps": settings.steps, "sampler": settings.sampler}
        return {
            "path": PATH,
            "server": {"kind": facts.kind, "version": facts.version},
            "base": facts.checkpoint_hash or facts.checkpoint,
            "loras": {name: lora.hash for name, lora in facts.loras.items()},
            "frame": frame,
            "workflow": self._workflow.digest(self._slots),
            "inputs": dict(known.inputs),
            "fixed": {lora.name: lora.fixed for lora in self._loras if lora.fixed is not None},
        }

    def render(self, jobs: Sequence[Job]) -> list[Image | NotDrawn]:
        fixed = {lora.name: lora.fixed for lora in self._loras if lora.fixed is not None}
        return [self.draw(job, {**job.point.by_file(), **fixed}) for job in jobs]

    def draw(self, job: Job, weights: Mapping[str, float], *, afresh: bool = False) -> Image | NotDrawn:
        known = self._known()
        self._check_files(known)
        self._only_cfg = job.point.cfg if self._only_cfg is None else self._only_cfg
        names = {name: lora.server_name for name, lora in known.facts.loras.items()}
        filled = self._filled(job, weights, names)
        nodes = prepared(filled, self._workflow.slots.image, self._output)
        self._cancelled.clear()
        # The server's cache goes by names: what it loaded before our first image may have been another file.
        if not self._cache_is_current:
            data = self._drawn_afresh(nodes)
            self._cache_is_current = True
        else:
            data, _ = self._drawn(nodes)
            # Emptying the cache unloads the models: only where the server sent a kept image.
            if afresh and not self.was_drawn:
                data = self._drawn_afresh(nodes)
        image = picture_from(data, self._client.url, self._size)
        if not isinstance(image, NotDrawn):
            self._size = image.size
        return image

    def _sample(self, names: Mapping[str, str]) -> dict[str, Any]:
        """The workflow as the study draws it, at any weights."""
        return self._filled(Job(0, Point({}, self._workflow.own.cfg or 1.0)), {}, names)

    def _filled(self, job: Job, weights: Mapping[str, float], names: Mapping[str, str]) -> dict[str, Any]:
        point, settings, slots = job.point, self._settings, self._workflow.slots
        # The files of one LoRA share its slots: at most one of them has a weight.
        chosen = {lora.name: lora.name for lora in self._loras if lora_of_key(lora.name) == lora.name}
        chosen |= {lora_of_key(lora.name): lora.name for lora in self._loras if weights.get(lora.name)}
        # What a workflow has no place for stays as it is, unless the job asks for another value.
        filling = Settings(
            seed=job.seed,
            prompt=point.prompt or settings.prompt,
            negative_prompt=settings.negative_prompt,
            steps=point.steps or (settings.steps if slots.steps else None),
            cfg=self._cfg(point.cfg),
            sampler=point.sampler or (settings.sampler if slots.sampler else None),
            weights={name: weights.get(key, 0.0) for name, key in chosen.items()},
            files={name: names[key] for name, key in chosen.items() if key in names},
        )
        return self._workflow.filled(filling, self._slots)

    def _cfg(self, cfg: float) -> float | None:
        """None for a workflow without CFG: then all images have to be of one."""
        if self._workflow.slots.cfg:
            return cfg
        if self._only_cfg not in (None, cfg):
            raise InputError("the workflow takes no CFG", self._workflow.graph.where, "leave search.cfg out, or name its node")
        return None

    def _check_files(self, known: Asked) -> None:
        for name, path in known.files.items():
            if not path.is_file() or self._hashes.of(path) != known.facts.loras[name].hash:
                raise InputError("the LoRA's file changed while it was in use", path, "run again")

    def _drawn_afresh(self, nodes: Mapping[str, Any]) -> bytes:
        for pause in FREEING_S:
            self._client.post("/free", {"unload_models": True, "free_memory": True})
            self._client.patience.sleep(pause)
            # A server empties its cache after a prompt, at the latest: a small one saves drawing the image twice.
            if self._catalogue.has(BLANK):
                self._attempt(self._new_drawing(blank(self._output), lambda done, of: None))
            data, fresh = self._drawn(nodes)
            if fresh:
                return data
        raise InputError("the server answers from its cache, though it was emptied", self._client.url, "start it anew")

    def _drawn(self, nodes: Mapping[str, Any]) -> tuple[bytes, bool]:
        """The image's file, and whether the server made all of it anew."""
        began, fresh = time.monotonic(), False
        self.was_drawn = False
        for lost in range(TRIES):
            drawing = self._new_drawing(nodes, self._on_step)
            try:
                data = self._attempt(drawing)
            finally:
                fresh = fresh or drawing.cached == frozenset()
                self.was_drawn = self.was_drawn or (drawing.cached is not None and not drawing.samplers <= drawing.cached)
            if data is not None:
                if self.was_drawn and not lost:
                    self._seconds.append(time.monotonic() - began)
                return data, fresh
        raise InputError(
            phrase("the server lost the image {tries} times while it drew it", tries=TRIES), self._client.url, "see its log"
        )

    def _new_drawing(self, nodes: Mapping[str, Any], on_step: OnStep) -> Drawing:
        samplers = frozenset(sampling.node.id for sampling in self._workflow.slots.sampling)
        drawing = Drawing(self._client, self._workflow.graph, nodes, samplers, on_step, self._silence_s)
        drawing.cancelled, drawing.in_folder = self._cancelled.is_set, self._output == PREVIEW
        return drawing

    def _attempt(self, drawing: Drawing) -> bytes | None:
        """None if the image was lost on its way: the server was away, or another connection got it."""
        connection = self._connected()
        try:
            try:
                return drawing.run(connection)
            except ServerAwayError:
                self._interruptions += 1
                self._disconnect()
                if drawing.sent:
                    drawing.wait()
                return None
        except LostError:
            return None
        except BaseException:
            self._disconnect()
            drawing.stop()
            raise

    def _connected(self) -> Connection:
        patience = self._client.patience
        for pause in patience.pauses if self._connection is None else ():
            try:
                self._connection = Connection(self._client.place, self._client.credentials)
                break
            except ServerAwayError:
                patience.sleep(pause)
        if self._connection is None:
            self._connection = Connection(self._client.place, self._client.credentials)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def batch(self) -> int:
        return 1

    def seconds_per_image(self) -> float:
        return statistics.median(self._seconds) if self._seconds else 0.0

    def interruptions(self) -> int:
        return self._interruptions

    def cancel(self) -> None:
        self._cancelled.set()

    def close(self) -> None:
        self._disconnect()
        self._client.close()
