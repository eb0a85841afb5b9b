"""The backend that draws in this process, with the models that the study file names. The default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from optimizer.evaluate.evaluation_cache import EvaluationCache
from optimizer.evaluate.local_evaluator import LocalEvaluator
from optimizer.render.base import Renderer
from scorers.observe.base import Observer
from studies.backends.lazy import LazyInpainter, LazyObserver, LazyRenderer
from studies.backends.listener import Listener
from studies.devices import device_label
from studies.local_models import LocalModels
from studies.model_facts import ModelFacts

if TYPE_CHECKING:
    from studies.backends.registry import DrawnStudy


def make(study: DrawnStudy) -> LocalBackend:
    return LocalBackend(study.models)


class LocalBackend:
    """Opens nothing until something has to be drawn or observed."""

    def __init__(self, models: LocalModels) -> None:
        self._models = models
        self._open = False

    def report_to(self, listener: Listener) -> None:
        """Nothing happens between two images."""

    def width(self) -> int:
        return 1

    def is_open(self) -> bool:
        return self._open

    def device(self) -> str:
        return device_label(self._models.device)

    def models(self) -> ModelFacts:
        return self._models.facts()

    def identity(self) -> Mapping[str, Any]:
        return self._renderer().identity()

    def seconds_per_image(self) -> float:
        return self._renderer().seconds_per_image()

    def verify(self) -> None:
        """This process draws as it drew."""

    def observer(self) -> Observer:
        return LazyObserver(lambda: self._models.observer)

    def inpainter(self) -> LazyInpainter:
        return LazyInpainter(self._renderer)

    def evaluator(self, cache: EvaluationCache, check: Callable[[Mapping[str, Any]], None]) -> LocalEvaluator:
        def checked() -> Renderer:
            renderer = self._renderer()
            check(renderer.identity())
            return renderer

        return LocalEvaluator(LazyRenderer(cache.images.identity, checked), cache, self.observer())

    def _renderer(self) -> Renderer:
        renderer = self._models.renderer
        self._open = True
        return renderer
