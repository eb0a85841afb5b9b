"""What every `RunCallback` must do. Inherit from `CallbackSuite` in a test module, with a pytest fixture `callback`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from studies.callback import RunCallback, SeedPlan
from studies.pipeline import run_seeds_together, run_study
from studies.testing.fake_study import fake_study
from studies.testing.free_lease import FreeLease
from studies.tracking.memory import MemoryTracker


class CallbackSuite:
    def test_it_takes_the_calls_of_a_run(self, callback: RunCallback, tmp_path: Path) -> None:
        outcomes = run_study(fake_study(tmp_path / "study"), trials=6, tracker=MemoryTracker(), callback=callback)
        assert [len(outcome.trials) for outcome in outcomes] == [6]

    def test_seeds_may_run_at_the_same_time(self, callback: RunCallback, tmp_path: Path) -> None:
        study = fake_study(tmp_path / "study")
        outcomes = run_seeds_together(study, [7, 8], 6, MemoryTracker(), callback, FreeLease(), blurred=True)
        assert [outcome.seed for outcome in outcomes] == [7, 8]

    def test_it_takes_the_calls_of_a_stage(self, callback: RunCallback) -> None:
        callback.message("licence: research only [not commercial]")
        callback.announce("scout", 2, 3.0)
        with callback.progress("scout") as advance:
            advance(1, 2)
            advance(2, 2, "loss 0.1")

    def test_it_takes_the_steps_of_a_server_at_any_time_and_from_any_thread(self, callback: RunCallback) -> None:
        def steps() -> None:
            for step in range(1, 4):
                callback.on_step("http://127.0.0.1:8188", step, 3)

        steps()
        for stage in (callback.progress("scout"), callback.seed(SeedPlan(7, 2, 8, 1.5))):
            with stage, ThreadPoolExecutor(2) as threads:
                for done in [threads.submit(steps) for _ in range(2)]:
                    done.result()

    def test_a_stage_without_steps_is_fine(self, callback: RunCallback) -> None:
        with callback.progress("scout"):
            pass

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
    def test_errors_pass_through(self, callback: RunCallback, error: type[BaseException]) -> None:
        with pytest.raises(error), callback.seed(SeedPlan(7, 2, 8, 1.5)):
            raise error
        with pytest.raises(error), callback.progress("scout"):
            raise error
