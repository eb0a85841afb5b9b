"""What every `Evaluator` must do. Inherit from `EvaluatorSuite` in a test module, with the pytest fixtures it names."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from optimizer.evaluate.base import Evaluator
from optimizer.point import Job


class EvaluatorSuite:
    """The test module gives two fixtures: `reopen`, which opens an evaluator over one folder anew as another process would, the
    first time over an empty one; and `jobs`, at least three that differ.
    """

    def test_evaluations_come_in_the_order_of_their_jobs(self, reopen: Callable[[], Evaluator], jobs: Sequence[Job]) -> None:
        found = list(reopen().evaluate_all(jobs))
        assert [(e.seed, e.point) for e in found] == [(job.seed, job.point) for job in jobs]
        assert all(e.image.is_file() for e in found)

    def test_what_is_stored_is_neither_drawn_nor_observed_again(
        self, reopen: Callable[[], Evaluator], jobs: Sequence[Job]
    ) -> None:
        first = list(reopen().evaluate_all(jobs))
        written = _state(first[0].image.parent)
        again = reopen()
        assert list(again.evaluate_all(jobs)) == first
        assert _state(first[0].image.parent) == written

    def test_an_image_drawn_alone_lies_at_its_place(self, reopen: Callable[[], Evaluator], jobs: Sequence[Job]) -> None:
        evaluator, job = reopen(), jobs[0]
        assert evaluator.find_image(job, alone=True) is None
        found = evaluator.evaluate(job.seed, job.point)
        assert found.image == evaluator.place(job) == evaluator.find_image(job, alone=True)
        assert evaluator.place(job) == reopen().place(job)
        assert evaluator.place(job) not in [evaluator.place(other) for other in jobs[1:]]

    def test_jobs_drawn_alone_come_once_each(self, reopen: Callable[[], Evaluator], jobs: Sequence[Job]) -> None:
        evaluator = reopen()
        first = evaluator.evaluate(jobs[0].seed, jobs[0].point)
        found = list(evaluator.evaluate_each(dict(enumerate(jobs))))
        assert sorted(key for key, _ in found) == list(range(len(jobs)))
        assert dict(found)[0] == first
        assert all(e.image == evaluator.place(jobs[key]) for key, e in found)

    def test_one_drawn_alone_serves_a_batch_and_never_the_reverse(
        self, reopen: Callable[[], Evaluator], jobs: Sequence[Job]
    ) -> None:
        evaluator = reopen()
        together = list(evaluator.evaluate_all(jobs))
        for job, evaluation in zip(jobs, together, strict=True):
            alone = evaluator.load(job, alone=True)
            assert alone is None or alone.image == evaluation.image == evaluator.place(job)
        alone = evaluator.evaluate(jobs[0].seed, jobs[0].point)
        assert next(iter(evaluator.evaluate_all(jobs[:1]))) == alone

    def test_loading_never_draws(self, reopen: Callable[[], Evaluator], jobs: Sequence[Job]) -> None:
        evaluator, job = reopen(), jobs[0]
        assert evaluator.load(job, alone=False) is None
        assert evaluator.find_image(job, alone=False) is None
        found = evaluator.evaluate(job.seed, job.point)
        assert reopen().load(job, alone=True) == found
        assert reopen().load(job, alone=False) == found

    def test_an_image_that_left_the_cache_is_restored_from_a_copy(
        self, reopen: Callable[[], Evaluator], jobs: Sequence[Job], tmp_path: Path
    ) -> None:
        evaluator, job = reopen(), jobs[0]
        found = evaluator.evaluate(job.seed, job.point)
        copy = found.image.rename(tmp_path / "copy.png")
        evaluator.restore(job, tmp_path / "none.png")
        assert evaluator.find_image(job, alone=True) is None
        evaluator.restore(job, copy)
        assert evaluator.load(job, alone=True) == found
        assert evaluator.place(job).read_bytes() == copy.read_bytes()

    def test_its_identity_is_json_and_its_width_at_least_1(self, reopen: Callable[[], Evaluator]) -> None:
        evaluator = reopen()
        assert json.loads(json.dumps(evaluator.identity())) == evaluator.identity() == reopen().identity()
        assert evaluator.width() >= 1

    def test_no_jobs_are_no_evaluations(self, reopen: Callable[[], Evaluator]) -> None:
        assert list(reopen().evaluate_all([])) == []
        assert list(reopen().evaluate_each({})) == []


def _state(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Time of change and content of each file: whoever writes one anew is caught."""
    return {file.name: (file.stat().st_mtime_ns, file.read_bytes()) for file in folder.iterdir()}
