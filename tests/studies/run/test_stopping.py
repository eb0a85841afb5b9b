"""Good enough: a search that a person ends keeps every image and says that it was stopped."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from models.errors import InputError
from optimizer.search.stopping import Ended
from optimizer.search.verdict import LEAST
from studies.callback import SilentCallback
from studies.cli.app import app
from studies.pipeline import run_seeds_together, run_study
from studies.report.verdict import describe
from studies.run.lease import only_runner
from studies.run.scouting import check_drawn, lock, locked_seeds, scout, unlock
from studies.run.shared_storage.stop_requests import ask_to_stop, running
from studies.run.stored_results import stored
from studies.study import Study
from studies.testing.fake_study import fake_study
from studies.testing.free_lease import FreeLease
from studies.testing.lab_study import SPEC, study_in
from studies.testing.recording_callback import RecordingCallback
from studies.tracking.memory import MemoryTracker

BATCH = {**SPEC["search"], "batch": 3}


class Impatient(SilentCallback):
    """Has seen enough from the start."""

    def stop_asked(self) -> bool:
        return True


def together(study: Study, lease: FreeLease) -> list[str]:
    outcomes = run_seeds_together(study, [7, 8], 12, MemoryTracker(), SilentCallback(), lease, blurred=True)
    return [f"{outcome.seed} {len(outcome.trials)} {outcome.ended and outcome.ended.value}" for outcome in outcomes]


def test_the_images_in_hand_are_stored_and_the_same_command_goes_on(tmp_path: Path) -> None:
    study = study_in(tmp_path, search=BATCH)
    (outcome,) = run_study(study, [7], trials=12, tracker=MemoryTracker(), callback=Impatient())
    assert [len(outcome.trials), outcome.ended] == [3, Ended.STOPPED], "the batch that was begun is kept whole"
    assert "  stopped    by a person, after 3 images" in describe(outcome)
    again = stored(study_in(tmp_path, search=BATCH), 7).outcome
    assert again.ended is Ended.STOPPED
    assert again.claim != LEAST
    assert any("not drawn, the search was stopped" in line for line in describe(again))
    (whole,) = run_study(study_in(tmp_path, search=BATCH), [7], trials=12, tracker=MemoryTracker())
    assert [record.judged.point for record in whole.trials[:3]] == [record.judged.point for record in outcome.trials]
    assert len(whole.trials) == 12
    assert stored(study_in(tmp_path, search=BATCH), 7).outcome.ended is Ended.BUDGET


def test_of_seeds_that_run_at_the_same_time_only_the_one_that_was_named_ends(tmp_path: Path) -> None:
    assert together(study_in(tmp_path), FreeLease({8})) == ["7 12 budget", "8 1 stopped"]


def test_a_request_reaches_the_run_that_has_the_lease_and_no_later_one(tmp_path: Path) -> None:
    study = study_in(tmp_path)
    study.workspace.make()
    url, name = study.storage_url, study.spec.name
    with pytest.raises(InputError, match="nothing runs"):
        ask_to_stop(url, name, None)
    with only_runner(url, name, lambda text: None) as lease:
        assert not lease.stop_asked(7)
        holder = running(url, name)
        assert ask_to_stop(url, name, 7) == holder
        ask_to_stop(url, name, 7)
        assert (lease.stop_asked(7), lease.stop_asked(8), lease.stop_all_asked()) == (True, False, False)
        ask_to_stop(url, name, None)
        assert (lease.stop_asked(8), lease.stop_all_asked()) == (True, True)
    assert running(url, name) is None
    with only_runner(url, name, lambda text: None) as lease:
        assert not lease.stop_asked(7)
    with pytest.raises(InputError, match="nothing runs"):
        ask_to_stop(url, name, 7)


def test_huanhua_stop_ends_a_run_and_its_further_seeds_are_not_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = fake_study(tmp_path / "study")
    tracker, callback = MemoryTracker(), RecordingCallback()
    printed: list[str] = []

    def log_trial(*args: object, **kwargs: object) -> None:
        if not printed:
            printed.append(CliRunner().invoke(app, ["stop", str(study.root)]).output)

    monkeypatch.setattr(tracker, "log_trial", log_trial)
    outcomes = run_study(study, [7, 8], trials=6, tracker=tracker, callback=callback)
    assert [(outcome.seed, outcome.ended) for outcome in outcomes] == [(7, Ended.STOPPED)]
    assert printed[0].startswith("the run ends after the images in hand (process ")
    assert ("message", "not begun, since the run was stopped: seed 8") in callback.calls


def test_an_interrupted_run_does_not_look_as_if_it_went_on(tmp_path: Path) -> None:
    class Interrupted(SilentCallback):
        def stop_asked(self) -> bool:
            raise KeyboardInterrupt

    tracker = MemoryTracker()
    with pytest.raises(KeyboardInterrupt):
        run_study(study_in(tmp_path), [7], trials=12, tracker=tracker, callback=Interrupted())
    assert tracker.seeds[7].interrupted
    assert stored(study_in(tmp_path), 7).outcome.ended is None
    run_study(study_in(tmp_path), [7], trials=4, tracker=tracker)
    assert (tracker.seeds[7].interrupted, tracker.seeds[7].finished) == (False, True)


def test_a_resumed_run_foretells_only_what_is_not_drawn(tmp_path: Path) -> None:
    callback = RecordingCallback()
    run_study(study_in(tmp_path), [7], trials=6, tracker=MemoryTracker(), callback=callback)
    run_study(study_in(tmp_path), [7], trials=8, tracker=MemoryTracker(), callback=callback)
    first, second = (call[1] for call in callback.calls if call[0] == "seed")
    assert (first.stored, first.left) == (0, first.images)
    assert (second.trials_stored, second.left) == (6, 2)


def test_scouting_counts_from_zero_and_announces_what_is_missing(tmp_path: Path) -> None:
    from studies.pipeline import scout_study

    study, callback = study_in(tmp_path, seeds={"scout": 3}), RecordingCallback()
    for count in (2, 3):
        scout_study(study, count, tracker=MemoryTracker(), callback=callback)
    assert [call[2] for call in callback.calls if call[0] == "announce"] == [2, 1]
    assert [call[2:4] for call in callback.calls if call[0] == "advance"][:3] == [(0, 2), (1, 2), (2, 2)]


def test_only_seeds_that_were_drawn_are_locked_unseen_and_unlocked_again(tmp_path: Path) -> None:
    study = study_in(tmp_path, seeds={"scout": 2})
    with pytest.raises(InputError, match="was not scouted"):
        check_drawn(study, [999])
    scouted = [found.seed for found in scout(study, 2, lambda: None)]
    check_drawn(study, scouted)
    with pytest.raises(InputError, match="seed 999 was not scouted"):
        check_drawn(study, [*scouted, 999])
    assert lock(study, scouted) == scouted
    with pytest.raises(InputError, match="not locked"):
        unlock(study, [scouted[0], 999])
    assert locked_seeds(study) == scouted, "nothing is taken back halfway"
    assert unlock(study, scouted[:1]) == scouted[1:]
    listed = study_in(tmp_path / "listed")
    with pytest.raises(InputError, match="listed in the study file"):
        unlock(listed, [7])


def _lock_one(folder: str, seed: int) -> None:
    lock(study_in(Path(folder), seeds={"scout": 2}), [seed])


def test_locks_at_the_same_time_lose_no_seed(tmp_path: Path) -> None:
    study_in(tmp_path, seeds={"scout": 2}).workspace.make()
    workers = [multiprocessing.get_context("spawn").Process(target=_lock_one, args=(str(tmp_path), seed)) for seed in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(locked_seeds(study_in(tmp_path, seeds={"scout": 2}))) == list(range(6))


def test_hands_beyond_what_is_allowed_are_no_sound_seed() -> None:
    from scorers.score.soundness import soundness_of
    from scorers.testing.fake_observer import Shown, observation_of

    broken = observation_of(Shown(hands=1.0))
    assert not any("allowed" in fault for fault in soundness_of(broken).faults)
    assert "hands 1.00, 0.30 is allowed" in soundness_of(broken, {"hands": 0.3}).faults
    assert not any("allowed" in fault for fault in soundness_of(broken, {"hands": 1.0}).faults)


def test_the_estimate_counts_what_is_left_and_scores_too() -> None:
    from studies.callback import SeedPlan
    from studies.cli.progress.estimate import Estimate

    now = [0.0]
    estimate = Estimate(SeedPlan(7, 10, 20, 1.0, calibration_stored=8, trials_stored=5), lambda: now[0])
    assert (estimate.images_left, estimate.seconds_left) == (17, 17.0)
    for image in range(10):
        now[0] += 0.0 if image < 8 else 3.0
        estimate.on_calibration_image()
    assert estimate.images_left == 15
    assert estimate.seconds_left == pytest.approx(45.0), "an image takes three seconds, scored"
