"""A study whose images are drawn on Ray: `huanhua run STUDY --ray local|auto|ADDRESS`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from studies.opened import store_facts
from studies.spec import StudySpec
from studies.study import Study
from studies.workspace import Workspace

if TYPE_CHECKING:
    from optimizer.evaluate.ray_pool import Build, Draws
    from scorers.observe.base import Observer


@contextmanager
def on_ray(study: Study, address: str, workers: int | None, build: Build | None = None) -> Iterator[Study]:
    """The study, drawing with one worker a GPU of the cluster, or with `workers` CPU slots if a number is given.

    Raises InputError if Ray is not installed, no cluster answers, or a worker cannot open the models.
    """
    from optimizer.evaluate.ray_evaluator import FarRenderer, RayEvaluator
    from optimizer.evaluate.ray_pool import Pool, connect

    connect(address, workers)
    import ray

    try:
        made = build or partial(_parts, study.spec, study.root.resolve())
        pool = Pool(made, workers, gpu=workers is None)
        try:
            limit = int(study.spec.render.cache_gb * 10**9)
            # The runner itself opens no renderer: what it asks of one, the workers told.
            study.__dict__["renderer"] = FarRenderer(pool)
            if study.known is None or study.known.identity != pool.hello.identity:
                study.known = store_facts(study, pool.hello.identity)
            study.__dict__["evaluator"] = RayEvaluator(pool, study.workspace.images, limit, study.observer_id)
            yield study
        finally:
            pool.close()
    finally:
        ray.shutdown()


def _parts(spec: StudySpec, root: Path) -> tuple[Draws, Observer]:
    """In the worker: Ray shows it one device, so `auto` finds the right one. The study's files must lie there too."""
    from models.io.quiet import quiet_loading

    quiet_loading()
    study = Study(spec, root, Workspace(Path(tempfile.gettempdir())))
    return study.open_renderer(), study.observer
