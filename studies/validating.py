"""Opens every file a study names, without drawing anything."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from models.errors import InputError
from studies.building import Study
from studies.workspace import Workspace


def validate_study(study: Study) -> Iterator[str]:
    """One line for each thing that is well. Raises InputError at the first that is not; writes nothing."""
    for name, lora in study.spec.loras.items():
        if not study.path(lora.file).is_file():
            raise InputError("no such LoRA file", study.path(lora.file), f"mend loras.{name}.file")
        if lora.references is not None and not study.path(lora.references).is_dir():
            raise InputError("no such folder of reference photos", study.path(lora.references), f"mend loras.{name}.references")
    study.frame.check(study.base.factor)
    yield f"base       {study.spec.base.checkpoint}: opens"
    for name, file in study.loras.items():
        layers = len(file.unet) + len(file.text)
        yield f"LoRA       {name}: {layers} layers, trigger {study.triggers.get(name, 'not named')}"
    _ = study.observer
    yield "scorers    garment, face, hands, parts: open"
    with tempfile.TemporaryDirectory() as scratch:
        quiet = replace(study, workspace=Workspace(Path(scratch)))
        for name, references in quiet.references.items():
            unused = f", {len(references.unused)} unused" if references.unused else ""
            yield f"references {name}: {len(references.embeddings)} photos show it{unused}"
    conflicts = len(study.spec.searched())
    if conflicts > 3:
        yield f"note       {conflicts} LoRAs at once: more than three tend to conflict"
    yield f"study      {study.spec.name}: valid"
