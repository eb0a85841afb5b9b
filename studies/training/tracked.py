"""A training that is logged to a tracker."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.language.translate import phrase
from models.lora_kinds import LoraKind
from studies.training.log import TrainingLog, manifest_of, training_params
from studies.training.samples import SampleSettings, draw_with, sample_prompt
from studies.training.train import train_lora

if TYPE_CHECKING:
    from models.base.family import Base
    from studies.callback import Callback
    from studies.tracking.base import Tracker
    from trainers.train.progress import Trained
    from trainers.train.settings.request import TrainRequest

TRAININGS: Final = "huanhua trainings"
"""The experiment of trainings that are logged for no study."""


def train_tracked(
    request: TrainRequest,
    base: str,
    companions: Sequence[Path] = (),
    *,
    kind: LoraKind,
    tracker: Tracker,
    samples: SampleSettings,
    callback: Callback | None = None,
) -> Trained:
    """Trains as `train_lora` does, and logs it under `kind` with sample images."""
    logs = []

    def training_log(opened: Base) -> TrainingLog:
        prompt = samples.prompt or sample_prompt(request.dataset, request.trigger)
        params = {**training_params(request, base, kind, companions), "sample_prompt": prompt}
        draw = draw_with(opened, prompt, request.preset.size, samples.cfg)
        logs.append(TrainingLog(tracker, request.out.stem, params, manifest_of(request.dataset), draw, samples.every))
        return logs[0]

    trained = train_lora(request, base, companions, callback=callback, training_callback=training_log)
    logs[0].finish(trained)
    return trained


def close_training_tracker(tracker: Tracker, callback: Callback) -> None:
    """Writes what is queued; reports what could not be logged."""
    missing = tracker.close()
    if missing.titles:
        callback.message(
            phrase(
                "not logged to MLflow: {count} records ({reason}); the LoRA itself is not concerned",
                count=len(missing.titles),
                reason=missing.reason,
            )
        )
