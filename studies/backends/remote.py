"""The backend that draws with one or several servers, and observes in this process."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final, Protocol

from models.errors import InputError
from models.language.translate import phrase
from models.lora.layout import inversion_words
from optimizer.evaluate.base import Evaluator
from optimizer.evaluate.evaluation_cache import EvaluationCache
from optimizer.evaluate.local_evaluator import LocalEvaluator
from optimizer.point import Job, lora_of_key
from optimizer.render.base import Renderer
from optimizer.render.inpainting.base import Inpainter
from optimizer.render.remote.acting import StudyWeights
from optimizer.render.remote.base import OnStep, RemoteRenderer, ServerFacts
from optimizer.render.remote.client import Client, Patience, ServerAwayError
from optimizer.render.remote.difference import Tolerance
from optimizer.render.remote.server_lora import StudyLora, nearest
from optimizer.render.remote.watched import Checks, WatchedRenderer
from scorers.observe.base import Observer
from studies.backends.lazy import LazyObserver, LazyRenderer
from studies.backends.listener import Listener, SilentListener
from studies.backends.remote_memory import WorkspaceMemory
from studies.drawing.identity import identity_differences
from studies.drawing.section import ServerDraw
from studies.model_facts import BaseFacts, LoraFacts, ModelFacts, trigger_metadata
from studies.spec import SeedsSection, StudySpec

if TYPE_CHECKING:
    from optimizer.evaluate.servers import Servers
    from studies.backends.registry import DrawnStudy

BASE_KEY: Final = "ss_base_model_version"
"""Of a LoRA file's metadata, as kohya's tools write it."""


class Connect(Protocol):
    """Makes the renderer over one server. Raises InputError if none answers."""

    def __call__(self, client: Client, on_step: OnStep) -> RemoteRenderer: ...


class RemoteBackend:
    """Asks no server until something has to be drawn, or a fact about it is missing.

    One that is away then is refused at once; one that goes away later is waited for.
    """

    patience = Patience()
    """With a server that goes away while it is used."""

    def __init__(self, study: DrawnStudy, draw: ServerDraw, connect: Connect) -> None:
        self._study, self._draw, self._connect = study, draw, connect
        self._listener: Listener = SilentListener()
        self._connected: dict[int, RemoteRenderer] = {}
        self._open = False

    def report_to(self, listener: Listener) -> None:
        self._listener = listener

    def width(self) -> int:
        return len(self.urls)

    def is_open(self) -> bool:
        return self._open

    def device(self) -> str:
        return ", ".join(self.urls)

    @property
    def urls(self) -> list[str]:
        """The servers' addresses, as the study file names them."""
        return self._draw.urls

    def ask(self, url: str) -> ServerFacts:
        """What the server at one of `urls` has of the study now. Raises InputError as `RemoteRenderer.facts` does."""
        return self._remote(self.urls.index(url)).facts()

    def check_samplers(self, names: Collection[str]) -> None:
        """Raises InputError for a sampler that a server does not have, or that the workflow has no place for."""
        for url in self.urls if names else ():
            has = self.ask(url).samplers
            for name in names:
                if name not in has:
                    raise InputError(
                        phrase("no sampler {name} can be drawn there{near}", name=name, near=nearest(name, has)),
                        url,
                        "name another",
                    )

    def models(self) -> ModelFacts:
        facts, spec = self._facts, self._study.spec
        family = facts.family or spec.base.config or ""
        checkpoint = facts.checkpoint or spec.base.checkpoint
        name = PurePosixPath(checkpoint.replace("\\", "/")).name.removesuffix(".safetensors")
        base = BaseFacts(name, facts.checkpoint_hash or checkpoint, family, {})
        files = spec.lora_files()
        words = {key: inversion_words((self._study.root / files[key]).expanduser()) for key in facts.loras}
        return ModelFacts(
            base, {n: LoraFacts(lora.hash, trigger_metadata(lora.metadata), words[n]) for n, lora in facts.loras.items()}
        )

    def identity(self) -> Mapping[str, Any]:
        return self._servers[0].identity()

    def seconds_per_image(self) -> float:
        """By the start image and those that prove that LoRAs act: they are drawn now, and not again. All servers together."""
        return self._servers[0].seconds_per_image() / len(self._servers)

    def observer(self) -> Observer:
        return LazyObserver(lambda: self._study.models.observer)

    def inpainter(self) -> Inpainter:
        what = phrase("{title} draws this study, and parts of its pictures are not redrawn there", title=self._draw.title)
        raise InputError(what, "draw", "only huanhua itself redraws: leave draw out")

    def evaluator(self, cache: EvaluationCache, check: Callable[[Mapping[str, Any]], None]) -> Evaluator:
        def checked() -> Renderer:
            check(self.identity())
            return self._servers[0]

        one = LocalEvaluator(LazyRenderer(cache.images.identity, checked), cache, self.observer())
        if self.width() == 1:
            return one
        from optimizer.evaluate.servers_evaluator import ServersEvaluator

        def together() -> Servers:
            check(self.identity())
            return self._together

        return ServersEvaluator(one, together, self.width())

    def verify(self) -> None:
        for server in self.__dict__.get("_servers", ()):
            try:
                server.verify()
            except ServerAwayError as error:
                if self.width() == 1:
                    raise
                self._listener.message(phrase("the last images of a server could not be checked: {error}", error=error.told()))

    def close(self) -> None:
        """Ends all connections; the next call that needs a server opens them again."""
        for remote in self._connected.values():
            remote.close()
        self._connected.clear()
        for name in ("_facts", "_servers", "_together"):
            self.__dict__.pop(name, None)
        self._open = False

    def _remote(self, index: int) -> RemoteRenderer:
        """One of the servers, connected to when it is first asked for."""
        from optimizer.render.remote.address import address, credentials_from_environment

        if index not in self._connected:
            place = address(self.urls[index], remote=self._draw.remote)
            client = Client(place, credentials_from_environment(), self.patience)
            self._connected[index] = self._connect(client, self._on_step(place.url))
        return self._connected[index]

    @cached_property
    def _facts(self) -> ServerFacts:
        return self._remote(0).facts()

    @cached_property
    def _servers(self) -> list[WatchedRenderer]:
        """Raises InputError if two servers would draw different images of one job."""
        remotes = [self._remote(index) for index in range(self.width())]
        first, *others = [remote.identity() for remote in remotes]
        for url, other in zip(self.urls[1:], others, strict=True):
            if other != first:
                changed = "; ".join(identity_differences(first, other))
                what = phrase("two servers would draw different images ({changed})", changed=changed)
                raise InputError(
                    what,
                    phrase("{url} and {url_2}", url=self.urls[0], url_2=url),
                    "make them alike, or name one of them in draw.url",
                )
        checks = self._checks(first)
        self._open = True
        return [WatchedRenderer(remote, url, checks) for remote, url in zip(remotes, self.urls, strict=True)]

    @cached_property
    def _together(self) -> Servers:
        from optimizer.evaluate.servers import Servers

        def told(error: InputError) -> None:
            self._listener.message(phrase("going on without a server: {error}", error=error.told()))

        return Servers(self._servers, told)

    def _checks(self, identity: Mapping[str, Any]) -> Checks:
        spec = self._study.spec
        fixed = {name: lora.fixed for name, lora in spec.loras.items() if lora.fixed is not None}
        searched = spec.searched()
        top = {key: searched[lora_of_key(key)].bounds[1] for key in spec.lora_files() if lora_of_key(key) in searched}
        weights = StudyWeights(Job(canary_seed(spec), spec.start()), top, fixed)
        limit = int(spec.render.cache_gb * 10**9)
        return Checks(
            weights,
            WorkspaceMemory(self._study.workspace, identity, limit),
            Tolerance(self._draw.tolerance),
            self._hint,
            on_message=lambda text: self._listener.message(text),
        )

    def _hint(self, name: str) -> str:
        """What may be wrong with a LoRA's file that changes nothing."""
        file = (self._study.root / self._study.spec.lora_files()[name]).expanduser()
        if not file.is_file():
            return f"the layers of {name} may be those of another base"
        from models.io.safetensors_header import read_safetensors_header

        header = read_safetensors_header(file)
        base = header.metadata.get(BASE_KEY)
        layers = f"the layers of {name} may be those of another base, such as {next(iter(header.entries), 'none')}"
        return f"{layers}; it says that it was trained on {base}" if base else layers

    def _on_step(self, url: str) -> OnStep:
        return lambda step, of: self._listener.on_step(url, step, of)


def check_here(client: Client) -> None:
    """Raises ServerAwayError without patience: whoever begins can start a server."""
    try:
        client.get("/", patiently=False)
    except ServerAwayError:
        raise
    except InputError:
        # It answers; what, the renderer asks.
        return


def study_loras(spec: StudySpec, root: Path) -> list[StudyLora]:
    """The study's LoRA files as a server is asked for them, by `optimizer.point.file_key`. Raises InputError for a name in
    `draw.loras` that the study does not have."""
    loras, names = spec.lora_files(), spec.draw.loras if isinstance(spec.draw, ServerDraw) else {}
    unknown = sorted(set(names) - set(loras))
    if unknown:
        raise InputError(
            phrase("no LoRA of the study is named {unknown}", unknown=unknown[0]),
            f"draw.loras.{unknown[0]}",
            phrase("name one of {loras}", loras=", ".join(loras)),
        )
    fixed = {name: lora.fixed for name, lora in spec.loras.items()}
    return [StudyLora(key, (root / file).expanduser(), fixed.get(key), names.get(key)) for key, file in loras.items()]


def canary_seed(spec: StudySpec) -> int:
    """The first seed that the study draws at the start weights anyway: of its list, or of scouting."""
    return spec.scout_seeds(1)[0] if isinstance(spec.seeds, SeedsSection) else spec.seeds[0]
