"""The inputs of a study, as they are logged: each LoRA's file and its photos or preview, by their hashes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from studies.file_hashes import cached_hash, hash_cache
from studies.references.photos import reference_files
from studies.references.source import preview_of
from studies.tracking.events import Input

if TYPE_CHECKING:
    from studies.study import Study

LORA_SHA256: Final = "huanhua.lora_sha256"
MODEL_HASH: Final = "sshs_model_hash"
"""Tags of a training run: the hash of the file that it wrote, and of the weights in it as kohya's tools compute it."""


def inputs_of(study: Study) -> list[Input]:
    """LoRA files first, then reference photos. A file that is gone since the study was run is left out."""
    return [*_loras(study), *_references(study)]


def _loras(study: Study) -> list[Input]:
    found = []
    for name, file in study.spec.lora_files().items():
        path = study.path(file)
        if not path.is_file():
            continue
        digest = cached_hash(study.workspace, path)
        trained = {LORA_SHA256: digest, MODEL_HASH: f"{study.lora_facts[name].hash}%"}
        found.append(Input(f"LoRA {name}", "lora", digest, path.resolve(), {"file": path.name}, trained))
    return found


def _references(study: Study) -> list[Input]:
    found = []
    for name, section in study.spec.loras.items():
        place = preview_of(study.path(section.last)) if section.references is None else study.path(section.references)
        if place is None or not place.exists() or (section.references is None and section.fixed is not None):
            continue
        hash_of = hash_cache(study.workspace)
        photos = {file.name: hash_of(file) for file in (reference_files(place, hash_of) if place.is_dir() else [place])}
        details = {"photos": len(photos), "files": photos}
        found.append(Input(f"references {name}", "references", cached_hash(study.workspace, place), place.resolve(), details))
    return found
