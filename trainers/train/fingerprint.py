"""Identifies a training: the same settings, images, captions, base and companion LoRAs give the same file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.lora.file import LoraFile
from trainers.train.data.dataset import Dataset
from trainers.train.data.encoding import longer_captions
from trainers.train.data.masks import masks_hash
from trainers.train.layers.companion_loras import trigger_of
from trainers.train.settings.request import TrainRequest

if TYPE_CHECKING:
    from models.base.family import Base

VERSION: Final = 4
"""Counts changes of the training itself that give other files from the same input."""
CHUNKED: Final = "captions in chunks"
"""Stands only for sets with captions of several chunks, which were once cut: all others give the files that they gave."""


def fingerprint(
    request: TrainRequest, dataset: Dataset, base: Base, companions: Sequence[LoraFile], masks: Mapping[Path, Path]
) -> str:
    """SHA-256 in hex. `masks` are the files of masks that are used, by picture."""
    digests = [lora.digest for lora in companions]
    parts = [VERSION, request.preset.described(), request.trigger, base.hash, str(base.dtype), dataset.hash, digests]
    if _may_fill_chunks(request, dataset, base, companions):
        parts.append(CHUNKED)
    if masks:
        parts.append(masks_hash(masks))
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _may_fill_chunks(request: TrainRequest, dataset: Dataset, base: Base, companions: Sequence[LoraFile]) -> bool:
    """Whether a caption has more than one chunk of tokens, with all the triggers that a step may put into it."""
    beside = [*request.preset.variety.beside, *(trigger_of(lora) for lora in companions)]
    return bool(longer_captions(base, [", ".join([picture.caption, *beside]) for picture in dataset.pictures]))
