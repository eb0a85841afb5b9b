"""What a second Ray worker gives: images a second of one and of two workers of one thread each, and of this process with two.

    python benchmarks/faults.py --ray      on a machine whose two cores do nothing else

All draw and look at the same images with the lab's models; each worker has opened them before the clock starts.
"""

from __future__ import annotations

import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optimizer.ray_workers import Draws
    from scorers.observe import Observes

SIZE = 64, 96


def lab_parts(threads: int) -> tuple[Draws, Observes]:
    import torch

    from models.base import open_base
    from models.quiet import quiet_loading
    from optimizer.render import DiffusionRenderer, Frame
    from studies.building import open_observer
    from studies.paperdoll.bundle import WEIGHTS, scorers

    quiet_loading()
    torch.set_num_threads(threads)
    frame = Frame("1girl, full body, standing", "", *SIZE, steps=12, sampler="DPM++ 2M Karras")
    renderer = DiffusionRenderer(open_base(WEIGHTS / "base"), {}, frame, device="cpu")
    return renderer, open_observer(scorers(), WEIGHTS)


def ray_speedup(*, quick: bool) -> dict[str, Any]:
    """`ray_speedup` is two workers over one, `ray_vs_threads` two workers over this process with two threads."""
    import ray

    from optimizer.evaluate import Evaluator
    from optimizer.image_cache import CachedRenderer
    from optimizer.point import Job, Point
    from optimizer.ray_evaluator import RayEvaluator
    from optimizer.ray_workers import Pool, connect

    count = 8 if quick else 32
    jobs = [Job(seed, Point({}, 5.0)) for seed in range(count)]

    def rate(evaluator: Any) -> float:
        list(evaluator.evaluate_all([Job(10**6 + i, Point({}, 5.0)) for i in range(4)]))
        began = time.monotonic()
        list(evaluator.evaluate_all(jobs))
        return count / (time.monotonic() - began)

    rates: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as scratch:
        connect("local", 2)
        for workers in (1, 2):
            pool = Pool(partial(lab_parts, 1), workers, gpu=False)
            rates[f"{workers} workers"] = rate(RayEvaluator(pool, Path(scratch) / str(workers), 10**9, "lab"))
            pool.close()
        ray.shutdown()
        renderer, observer = lab_parts(2)
        rates["threads"] = rate(Evaluator(CachedRenderer(renderer, Path(scratch) / "here"), observer, "lab"))
    return {
        "images_a_second": {name: round(value, 3) for name, value in rates.items()},
        "ray_speedup": round(rates["2 workers"] / rates["1 workers"], 3),
        "ray_vs_threads": round(rates["2 workers"] / rates["threads"], 3),
    }
