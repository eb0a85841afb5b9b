"""A tracker that keeps everything in memory, for tests and for programs that read what a run logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from studies.tracking.events import RUN, Input, Scalar, TrainingRecord
from studies.tracking.outbox import Missing
from studies.tracking.pictures import Picture


@dataclass
class MemoryRun:
    params: dict[str, Scalar] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    artifacts: dict[str, Picture | str] = field(default_factory=dict)
    losses: list[float] = field(default_factory=list)
    inputs: list[Input] = field(default_factory=list)
    finished: bool = False
    interrupted: bool = False


class MemoryTracker:
    """`seeds` by seed (None is the study), `trials` by seed and number, `trainings` by name in the order of arrival.

    What belonged to trials that were deleted since is in `earlier_seeds` and `earlier_trials`.
    """

    def __init__(self) -> None:
        self.seeds: dict[int | None, MemoryRun] = {}
        self.trials: dict[tuple[int, int], MemoryRun] = {}
        self.earlier_seeds: list[tuple[int, MemoryRun]] = []
        self.earlier_trials: list[tuple[tuple[int, int], MemoryRun]] = []
        self.trainings: dict[str, list[MemoryRun]] = {}

    def start_seed(self, seed: int, params: Mapping[str, Scalar], tags: Mapping[str, str], inputs: Sequence[Input] = ()) -> None:
        if tags.get(RUN, "") != self._seed(seed).tags.get(RUN, tags.get(RUN, "")):
            self._set_aside(seed)
        run = self._seed(seed)
        changed = {key: str(value) for key, value in params.items() if key in run.params and run.params[key] != value}
        run.params = {**params, **run.params}
        run.tags |= {**tags, **changed}
        run.inputs += [given for given in inputs if given not in run.inputs]
        run.finished = run.interrupted = False

    def log_trial(
        self,
        seed: int,
        number: int,
        params: Mapping[str, Scalar],
        metrics: Mapping[str, float | None],
        image: Picture | None,
        tags: Mapping[str, str],
    ) -> None:
        self._seed(seed)
        artifacts: dict[str, Picture | str] = {} if image is None else {"render.png": image}
        run = MemoryRun(dict(params), _without_none(metrics), dict(tags), artifacts, finished=True)
        if self.trials.get((seed, number), run).params != run.params:
            self.earlier_trials.append(((seed, number), self.trials.pop((seed, number))))
        self.trials.setdefault((seed, number), run).tags |= tags

    def log_picture(self, seed: int | None, name: str, image: Picture) -> None:
        self._seed(seed).artifacts[name] = image

    def log_text(self, seed: int | None, name: str, text: str) -> None:
        self._seed(seed).artifacts[name] = text

    def log_file(self, seed: int | None, path: Path) -> None:
        self._seed(seed).artifacts[path.name] = path

    def finish(self, seed: int, metrics: Mapping[str, float | None], tags: Mapping[str, str]) -> None:
        run = self._seed(seed)
        run.metrics |= _without_none(metrics)
        run.tags |= tags
        run.finished = True

    def interrupt(self, seed: int) -> None:
        run = self.seeds.get(seed)
        if run is not None and not run.finished:
            run.interrupted = True

    def log_training(self, training: TrainingRecord) -> None:
        runs = self.trainings.setdefault(training.name, [])
        run = next((old for old in runs if old.tags["key"] == training.key), None)
        if run is None:
            run = MemoryRun(tags={"key": training.key})
            runs.append(run)
        if run.finished:
            return
        run.params = {**training.params, **run.params}
        run.losses += training.losses[max(len(run.losses) + 1 - training.first, 0) :]
        run.metrics |= {"loss": run.losses[-1]} if run.losses else {}
        run.artifacts |= {**training.samples, **training.texts}
        run.tags |= training.tags
        run.finished = training.finished

    def close(self, wait_s: float = 60.0) -> Missing:
        return Missing()

    def _set_aside(self, seed: int) -> None:
        self.earlier_seeds.append((seed, self.seeds.pop(seed)))
        for key in [key for key in self.trials if key[0] == seed]:
            self.earlier_trials.append((key, self.trials.pop(key)))

    def _seed(self, seed: int | None) -> MemoryRun:
        return self.seeds.setdefault(seed, MemoryRun())


def _without_none(metrics: Mapping[str, float | None]) -> dict[str, float]:
    return {key: float(value) for key, value in metrics.items() if value is not None}
