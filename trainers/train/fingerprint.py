"""Identifies a training: the same settings, images, captions, base and companion LoRAs give the same file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from models.lora.file import LoraFile
from trainers.train.data.dataset import Dataset
from trainers.train.settings.request import TrainRequest

if TYPE_CHECKING:
    from models.base.family import Base

VERSION: Final = 4
"""Counts changes of the training itself that give other files from the same input."""


def fingerprint(request: TrainRequest, dataset: Dataset, base: Base, companions: Sequence[LoraFile]) -> str:
    """SHA-256 in hex."""
    digests = [lora.digest for lora in companions]
    parts = [VERSION, asdict(request.preset), request.trigger, base.hash, str(base.dtype), dataset.hash, digests]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
