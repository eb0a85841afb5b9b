"""What a second Ray worker gives, and what killed workers change.

    python -m benchmarks.faults --ray      on a machine whose two cores do nothing else

Images a second of one and of two workers of one thread each, and of this process with two threads: all draw and observe the same
images with the lab's models; each worker has opened them before the clock starts. Then a whole study of the lab's LoRAs
on two workers, one of which is killed every ten seconds, compared with the same study undisturbed.
"""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optimizer.render.base import Renderer
    from scorers.observe.base import Observer
    from studies.run.outcome import Outcome

SIZE = 64, 96
EVERY_S = 10.0
SEED = 1035748229


def lab_parts(threads: int) -> tuple[Renderer, Observer]:
    import torch

    from models.base.opening import open_base
    from models.io.quiet import quiet_loading
    from optimizer.render.base import RenderSettings
    from optimizer.render.diffusers_renderer import DiffusionRenderer
    from studies.observers.opening import open_observer
    from studies.paperdoll.bundle import WEIGHTS, scorers

    quiet_loading()
    torch.set_num_threads(threads)
    frame = RenderSettings("1girl, full body, standing", "", *SIZE, steps=12, sampler="DPM++ 2M Karras")
    renderer = DiffusionRenderer(open_base(WEIGHTS / "base"), {}, frame, device="cpu")
    return renderer, open_observer(scorers(), WEIGHTS)


def ray_speedup(*, quick: bool) -> dict[str, Any]:
    """`ray_speedup` is two workers over one, `ray_vs_threads` two workers over this process with two threads."""
    import ray

    from optimizer.evaluate.evaluation_cache import EvaluationCache
    from optimizer.evaluate.image_cache import ImageCache
    from optimizer.evaluate.local_evaluator import LocalEvaluator
    from optimizer.evaluate.ray_evaluator import RayEvaluator
    from optimizer.evaluate.ray_pool import Pool, connect
    from optimizer.point import Job, Point

    count = 8 if quick else 32
    jobs = [Job(seed, Point({}, 5.0)) for seed in range(count)]

    def rate(evaluator: Any) -> float:
        list(evaluator.evaluate_all([Job(10**6 + i, Point({}, 5.0)) for i in range(4)]))
        began = time.monotonic()
        list(evaluator.evaluate_all(jobs))
        return count / (time.monotonic() - began)

    rates: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as scratch:

        def cache(name: str, identity: Mapping[str, Any]) -> EvaluationCache:
            return EvaluationCache(ImageCache(Path(scratch) / name, identity), "lab")

        connect("local", 2)
        for workers in (1, 2):
            pool = Pool(partial(lab_parts, 1), workers, gpu=False)
            rates[f"{workers} workers"] = rate(RayEvaluator(pool, cache(str(workers), pool.hello.identity)))
            pool.close()
        ray.shutdown()
        renderer, observer = lab_parts(2)
        rates["threads"] = rate(LocalEvaluator(renderer, cache("here", renderer.identity()), observer))
    return {
        "images_a_second": {name: round(value, 3) for name, value in rates.items()},
        "ray_speedup": round(rates["2 workers"] / rates["1 workers"], 3),
        "ray_vs_threads": round(rates["2 workers"] / rates["threads"], 3),
    }


def workers_killed(folder: Path, *, trials: int) -> dict[str, Any]:
    """Whether the pick and all trials are the same, and how many workers were killed for it."""
    make_lab_study(folder / "undisturbed")
    make_lab_study(folder / "disturbed")
    undisturbed, _, _ = drawn_on_ray(folder / "undisturbed", trials, every_s=None)
    disturbed, killed, seconds = drawn_on_ray(folder / "disturbed", trials, every_s=EVERY_S)
    return {
        "workers_killed": killed,
        "disturbed_study_s": round(seconds),
        "disturbed_trials": len(disturbed.trials),
        "same_pick_as_undisturbed": disturbed.pick == undisturbed.pick,
        "same_trials_as_undisturbed": [t.judged for t in disturbed.trials] == [t.judged for t in undisturbed.trials],
        "pick_found": disturbed.pick is not None,
    }


def make_lab_study(folder: Path) -> None:
    """The demo's study with the LoRAs that ship; its photos are drawn, nothing is trained."""
    import shutil

    from studies.paperdoll.bundle import WEIGHTS
    from studies.paperdoll.study import OUTFITS
    from studies.paperdoll.trained_loras import make_data

    make_data(folder)
    (folder / "loras").mkdir()
    for outfit in OUTFITS:
        shutil.copyfile(WEIGHTS / "loras" / f"{outfit.product}.safetensors", folder / "loras" / f"{outfit.product}.safetensors")


def drawn_on_ray(folder: Path, trials: int, *, every_s: float | None) -> tuple[Outcome, int, float]:
    """The outcome at the seed, how many workers were killed, and the seconds it took."""
    from studies.backends.ray import on_ray
    from studies.run.calibration import calibrate
    from studies.run.seed_search import run_seed
    from studies.study import open_study
    from studies.tracking.memory import MemoryTracker

    study = open_study(folder, None)
    study.workspace.make()
    began = time.monotonic()
    with on_ray(study, "local", 2) as there, killing(every_s) as killed:
        judge = calibrate(there, SEED).judge
        outcome = run_seed(there, SEED, judge=judge, budget=trials, tracker=MemoryTracker(), on_trial=lambda event: None)
    return outcome, len(killed), time.monotonic() - began


@contextmanager
def killing(every_s: float | None) -> Iterator[list[int]]:
    """Kills the oldest worker again and again while it lasts; yields the process numbers of those killed so far."""
    ended, killed = threading.Event(), list[int]()

    def kill() -> None:
        while every_s is not None and not ended.wait(every_s):
            for pid in _oldest_worker():
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    try:
        yield killed
    finally:
        ended.set()
        killer.join()


def _oldest_worker() -> list[int]:
    """Its process number; nothing where none is there."""
    import psutil

    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if "ray::Worker" in " ".join(process.cmdline()):
                found.append((process.create_time(), process.pid))
        except psutil.NoSuchProcess:
            continue
    return [pid for _, pid in sorted(found)[:1]]
