"""A study of the lab with its LoRAs and reference photos, opened in a folder."""

from __future__ import annotations

from pathlib import Path

from models.io.files import write_whole
from studies.paperdoll.study import LabStudy, study_text
from studies.paperdoll.trained_loras import shipped_lora_of, training_set_of
from studies.study import Study, open_study


def lab_study(folder: Path, lab: LabStudy) -> Study:
    """As `benchmarks.search.lab_studies` writes it."""
    place = folder / lab.name
    for outfit in lab.outfits:
        training_set_of(outfit, place)
        shipped_lora_of(outfit, place)
    write_whole(place / "study.yaml", study_text(place, lab).encode())
    study = open_study(place)
    study.workspace.make()
    return study
