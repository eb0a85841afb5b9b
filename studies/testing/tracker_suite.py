"""What every `Tracker` must do. Inherit from `TrackerSuite` in a test module, with a pytest fixture `store`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from PIL import Image

from studies.tracking.base import Tracker
from studies.tracking.events import RUN, Input, TrainingRecord

IMAGE = Image.new("RGB", (16, 24), (200, 40, 90))
DIGEST_LENGTH = 36
"""Letters of an input's digest that are compared: MLflow stores no more."""


@dataclass
class LoggedRun:
    """One run as it is stored. Parameters are compared as text."""

    params: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]
    artifacts: set[str]
    """Names of files; of the sample pictures of a training without a folder or a suffix."""
    finished: bool
    inputs: set[tuple[str, str, str]]
    """Name, context and the first `DIGEST_LENGTH` letters of the digest."""
    losses: list[float]
    interrupted: bool = False


@dataclass
class Logged:
    """All runs of an experiment: by seed ("None" is the study), by seed and trial, by name of a training."""

    seeds: dict[str, list[LoggedRun]] = field(default_factory=dict)
    trials: dict[tuple[str, str], list[LoggedRun]] = field(default_factory=dict)
    trainings: dict[str, list[LoggedRun]] = field(default_factory=dict)


class TrackerStore(Protocol):
    """An empty store of the tracker under test."""

    def open(self) -> Tracker:
        """Another tracker on the same store, as a resumed runner opens one."""

    def read(self) -> Logged:
        """What is stored now. Called after `close`."""


class TrackerSuite:
    def test_it_stores_a_seed_with_its_trials_and_pictures(self, store: TrackerStore, tmp_path: Path) -> None:
        picture = tmp_path / "render.png"
        IMAGE.save(picture)
        tracker = store.open()
        tracker.start_seed(7, {"prompt": "1girl, dress", "cfg": 7.5}, {"base": "lab"})
        tracker.log_trial(7, 0, {"dress": 0.4}, {"garment": 0.7, "face": None}, IMAGE, {"stage": "design"})
        tracker.log_trial(7, 1, {"dress": 0.3}, {"garment": 0.6}, picture, {})
        tracker.log_trial(8, 0, {"衣服:x": 0.3}, {"garment": float("nan")}, None, {})
        tracker.log_picture(7, "grid.png", IMAGE)
        tracker.log_picture(None, "scouting.png", picture)
        tracker.log_text(7, "why.txt", "no weight can be lower")
        tracker.log_file(7, picture)
        tracker.finish(7, {"cost": 1.1}, {"pick": "1"})
        assert tracker.close() == tracker.close(), "closing again changes nothing"
        assert tracker.close().titles == ()

        logged = store.read()
        (seed,) = logged.seeds["7"]
        assert seed.params == {"prompt": "1girl, dress", "cfg": "7.5"}
        assert seed.metrics == {"cost": 1.1}
        assert seed.finished
        assert seed.tags["base"] == "lab"
        assert seed.tags["pick"] == "1"
        assert seed.artifacts == {"grid.png", "why.txt", "render.png"}
        assert logged.seeds["None"][0].artifacts == {"scouting.png"}
        (first,) = logged.trials["7", "0"]
        assert first.params == {"dress": "0.4"}
        assert first.metrics == {"garment": 0.7}
        assert first.tags["stage"] == "design"
        assert "render.png" in first.artifacts
        assert first.finished
        assert "render.png" in logged.trials["7", "1"][0].artifacts
        assert set(logged.trials) == {("7", "0"), ("7", "1"), ("8", "0")}

    def test_a_resumed_study_logs_everything_again_and_one_copy_is_kept(self, store: TrackerStore) -> None:
        for cfg in (7.5, 8.0):
            tracker = store.open()
            tracker.start_seed(7, {"cfg": cfg, "steps": 30}, {})
            for number in range(3):
                tracker.log_trial(7, number, {"dress": 0.4}, {"garment": 0.7}, IMAGE, {})
            tracker.log_training(TrainingRecord("dress", "", {"rank": 8}, [0.3, 0.2, 0.1], samples={"step 3": IMAGE}))
            assert tracker.close().titles == ()
        logged = store.read()
        assert [len(runs) for runs in logged.seeds.values()] == [1]
        assert logged.seeds["7"][0].params == {"cfg": "7.5", "steps": "30"}
        assert logged.seeds["7"][0].tags["cfg"] == "8.0"
        assert not logged.seeds["7"][0].finished
        assert [len(runs) for runs in logged.trials.values()] == [1, 1, 1]
        (training,) = logged.trainings["dress"]
        assert training.metrics == {"loss": 0.1}
        assert training.artifacts == {"step 3"}
        assert training.finished

    def test_tags_of_a_finished_trial_change_as_more_is_drawn(self, store: TrackerStore) -> None:
        for verdicts in (("not checked", "not robust"), ("robust",)):
            tracker = store.open()
            tracker.start_seed(7, {}, {})
            for verdict in verdicts:
                tracker.log_trial(7, 0, {"dress": 0.4}, {"garment": 0.7}, IMAGE, {"verdict": verdict, "phase": "start"})
            assert tracker.close().titles == ()
            (trial,) = store.read().trials["7", "0"]
            assert (trial.tags["verdict"], trial.tags["phase"]) == (verdicts[-1], "start")
            assert trial.metrics == {"garment": 0.7}

    def test_an_interrupted_seed_is_closed_until_it_goes_on(self, store: TrackerStore) -> None:
        tracker = store.open()
        for seed in (7, 8):
            tracker.start_seed(seed, {}, {})
        tracker.finish(8, {}, {})
        for seed in (7, 8):
            tracker.interrupt(seed)
        assert tracker.close().titles == ()
        logged = store.read()
        assert (logged.seeds["7"][0].interrupted, logged.seeds["8"][0].interrupted) == (True, False)
        tracker = store.open()
        tracker.start_seed(7, {}, {})
        assert tracker.close().titles == ()
        assert not store.read().seeds["7"][0].interrupted

    def test_trials_of_a_study_that_was_deleted_are_not_taken_for_those_that_came_after_it(self, store: TrackerStore) -> None:
        for run, dress in (("a", 0.4), ("b", 0.7), ("b", 0.7)):
            tracker = store.open()
            tracker.start_seed(7, {"cfg": 7.5}, {RUN: run})
            tracker.log_trial(7, 0, {"dress": dress}, {"garment": 0.7}, IMAGE, {})
            assert tracker.close().titles == ()
        logged = store.read()
        assert [run.tags[RUN] for run in logged.seeds["7"]][-1] == "b"
        assert [run.tags[RUN] for run in logged.seeds["7"]].count("b") == 1
        assert [run.params for run in logged.trials["7", "0"]].count({"dress": "0.7"}) == 1

    def test_a_number_with_other_parameters_is_another_trial(self, store: TrackerStore) -> None:
        for dress in (0.4, 0.7, 0.7):
            tracker = store.open()
            tracker.start_seed(7, {}, {})
            tracker.log_trial(7, 0, {"dress": dress}, {"garment": 0.7}, IMAGE, {})
            tracker.log_trial(7, 1, {"dress": 0.1}, {"garment": 0.7}, IMAGE, {})
            assert tracker.close().titles == ()
        logged = store.read()
        assert [run.params for run in logged.trials["7", "0"]] == [{"dress": "0.7"}]
        assert [run.params for run in logged.trials["7", "1"]] == [{"dress": "0.1"}]

    def test_an_input_is_logged_once(self, store: TrackerStore, tmp_path: Path) -> None:
        for digest in ("ab" * 32, "ab" * 32, "cd" * 32):
            tracker = store.open()
            photos = Input(
                "references dress", "references", digest, tmp_path / "photos", {"photos": 2, "files": {"a.png": "0f" * 32}}
            )
            tracker.start_seed(7, {}, {}, [photos])
            assert tracker.close().titles == ()
        assert store.read().seeds["7"][0].inputs == {
            ("references dress", "references", "ab" * 18),
            ("references dress", "references", "cd" * 18),
        }

    def test_a_training_is_logged_in_parts_and_again_after_it_was_killed(self, store: TrackerStore) -> None:
        tracker = store.open()
        tracker.log_training(TrainingRecord("dress", "a", {"rank": 8}, texts={"manifest.json": "{}"}, finished=False))
        tracker.log_training(TrainingRecord("dress", "a", {"rank": 8}, first=2, samples={"step 2": IMAGE}, finished=False))
        tracker.log_training(TrainingRecord("dress", "a", {"rank": 8}, [0.5, 0.4], finished=False))
        assert tracker.close().titles == ()
        assert not store.read().trainings["dress"][0].finished
        tracker = store.open()
        tracker.log_training(TrainingRecord("dress", "a", {"rank": 8}, [0.5, 0.4, 0.3], finished=False))
        tracker.log_training(TrainingRecord("dress", "a", {"rank": 8}, [0.2], first=4, tags={"lora": "0123"}))
        tracker.log_training(TrainingRecord("dress", "b", {"rank": 8}))
        assert tracker.close().titles == ()
        run, other = sorted(store.read().trainings["dress"], key=lambda run: "lora" not in run.tags)
        assert (run.losses, other.losses) == ([0.5, 0.4, 0.3, 0.2], [])
        assert run.metrics == {"loss": 0.2}
        assert run.tags["lora"] == "0123"
        assert {"manifest.json", "step 2"} <= run.artifacts
        assert run.finished
