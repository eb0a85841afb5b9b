"""A backend that opens nothing: any renderer and observer, and facts about models that do not exist."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from optimizer.evaluate.evaluation_cache import EvaluationCache
from optimizer.evaluate.local_evaluator import LocalEvaluator
from optimizer.render.base import Renderer
from scorers.observe.base import Observer
from scorers.testing.fake_observer import FakeObserver
from studies.backends.lazy import LazyInpainter, LazyObserver, LazyRenderer
from studies.backends.listener import Listener
from studies.model_facts import BaseFacts, LoraFacts, ModelFacts
from studies.testing.painting_renderer import Painter

BASE: Final = BaseFacts("lab", "0123456789abcdef", "sd15", {})


@dataclass
class FakeBackend:
    """Its renderer is open from the start unless `lazy`: then the study answers what it can from its workspace first."""

    renderer: Renderer = field(default_factory=Painter)
    observing: Observer = field(default_factory=FakeObserver)
    facts: ModelFacts = field(default_factory=lambda: ModelFacts(BASE, {}))
    lazy: bool = False
    opened: list[str] = field(default_factory=list)
    """What was opened, in order: "renderer" and "observer"."""

    def report_to(self, listener: Listener) -> None:
        """It has nothing to report."""

    def width(self) -> int:
        return 1

    def is_open(self) -> bool:
        return not self.lazy or "renderer" in self.opened

    def device(self) -> str:
        return "fake"

    def models(self) -> ModelFacts:
        return self.facts

    def identity(self) -> Mapping[str, Any]:
        return self._open().identity()

    def seconds_per_image(self) -> float:
        return self._open().seconds_per_image()

    def verify(self) -> None:
        """It draws as it drew."""

    def observer(self) -> Observer:
        return LazyObserver(self._observer)

    def inpainter(self) -> LazyInpainter:
        return LazyInpainter(self._open)

    def evaluator(self, cache: EvaluationCache, check: Callable[[Mapping[str, Any]], None]) -> LocalEvaluator:
        def checked() -> Renderer:
            check(self.identity())
            return self.renderer

        return LocalEvaluator(LazyRenderer(cache.images.identity, checked), cache, self.observer())

    def _open(self) -> Renderer:
        self.opened.append("renderer")
        return self.renderer

    def _observer(self) -> Observer:
        self.opened.append("observer")
        return self.observing


def facts_of(loras: Iterable[str], base: BaseFacts = BASE, first: int = 0) -> ModelFacts:
    """LoRAs whose hashes are numbers that count from `first`, without trigger words in their files."""
    return ModelFacts(base, {name: LoraFacts(f"{number:012x}", {}) for number, name in enumerate(loras, first)})
