"""One training as it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from models.errors import InputError
from models.language.translate import phrase
from models.lora_kinds import LoraKind
from trainers.train.settings.preset import Preset


@dataclass(frozen=True)
class TrainRequest:
    """A training set, the LoRA file to make of it, and how. Raises InputError if `out` is not named as a LoRA file."""

    dataset: Path
    """Training set: a folder in kohya's layout."""
    out: Path
    """The .safetensors file to write."""
    trigger: str
    """The word that calls the LoRA."""
    preset: Preset
    """The settings that shape the LoRA."""
    checkpoints: Path
    """Folder of the checkpoint from which a killed training resumes."""
    checkpoint_seconds: float = 30.0
    """Seconds between two checkpoints."""
    kind: LoraKind | None = None
    """What the LoRA is of, which its file tells; None leaves that out."""
    save_every: int | None = None
    """Epochs from one file to the next of those that are kept besides the last (trainers.train.epoch_files); None for none."""
    family: str | None = None
    """The family of bases (`models.base.registry`) that the preset is for; None for any."""

    def __post_init__(self) -> None:
        for name in ("dataset", "out", "checkpoints"):  # from Python people give text
            object.__setattr__(self, name, Path(getattr(self, name)))
        if self.save_every is not None and not 1 <= self.save_every < max(2, self.preset.plan.epochs):
            what = phrase("no epoch to save: {every} of {epochs}", every=self.save_every, epochs=self.preset.plan.epochs)
            raise InputError(what, self.out, "give fewer epochs than the training has, at least 1")
        if self.out.suffix != ".safetensors":
            raise InputError(
                "a LoRA must be a .safetensors file", self.out, phrase("name it {stem}.safetensors", stem=self.out.stem)
            )
