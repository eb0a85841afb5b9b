"""The backend that draws on a Ray cluster: `huanhua run STUDY --ray local|auto|ADDRESS`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import InputError
from models.language.translate import phrase
from optimizer.evaluate.evaluation_cache import EvaluationCache
from optimizer.render.base import Renderer
from scorers.observe.base import Observer
from studies.backends.base import Backend
from studies.backends.listener import Listener
from studies.drawing.section import HuanhuaDraw
from studies.local_models import LocalModels
from studies.model_facts import ModelFacts
from studies.spec import StudySpec
from studies.study import Study

if TYPE_CHECKING:
    from optimizer.evaluate.ray_evaluator import RayEvaluator
    from optimizer.evaluate.ray_pool import Build, Pool
    from optimizer.render.inpainting.base import Inpainter


@dataclass(frozen=True)
class RayBackend:
    """Workers draw and observe; `here`, the backend of this process, describes the models and observes reference photos."""

    pool: Pool
    here: Backend

    def report_to(self, listener: Listener) -> None:
        self.here.report_to(listener)

    def width(self) -> int:
        return len(self.pool)

    def is_open(self) -> bool:
        return True

    def device(self) -> str:
        """Empty: the workers have measured."""
        return ""

    def models(self) -> ModelFacts:
        return self.here.models()

    def identity(self) -> Mapping[str, Any]:
        return self.pool.hello.identity

    def seconds_per_image(self) -> float:
        """On average, with all workers drawing."""
        return self.pool.hello.seconds / len(self.pool)

    def verify(self) -> None:
        """The workers draw as they drew."""

    def observer(self) -> Observer:
        return self.here.observer()

    def inpainter(self) -> Inpainter:
        return self.here.inpainter()

    def evaluator(self, cache: EvaluationCache, check: Callable[[Mapping[str, Any]], None]) -> RayEvaluator:
        from optimizer.evaluate.ray_evaluator import RayEvaluator

        check(self.identity())
        return RayEvaluator(self.pool, cache)


@contextmanager
def on_ray(study: Study, address: str, workers: int | None, build: Build | None = None) -> Iterator[Study]:
    """The same study on the workers of a cluster: one a GPU, or `workers` CPU slots if a number is given.

    `build` opens the models in each worker; by default those of the study file. Raises InputError if Ray is not installed, no
    cluster answers, or a worker cannot open the models.
    """
    from optimizer.evaluate.ray_pool import Pool, connect

    if not isinstance(study.spec.draw, HuanhuaDraw):
        what = phrase("{title} draws this study, and Ray's workers would not", title=study.spec.draw.title)
        raise InputError(what, "--ray", "leave it out; several addresses in draw.url draw at the same time")
    connect(address, workers)
    import ray

    try:
        pool = Pool(build or partial(_open_models, study.spec, study.root.resolve()), workers, gpu=workers is None)
        try:
            yield study.on(RayBackend(pool, study.backend))
        finally:
            pool.close()
    finally:
        ray.shutdown()


def _open_models(spec: StudySpec, root: Path) -> tuple[Renderer, Observer]:
    """In the worker: Ray shows it one device, so `auto` finds the right one. The study's files must lie there too."""
    from models.io.quiet import quiet_loading

    quiet_loading()
    models = LocalModels(spec, root)
    return models.renderer, models.observer
