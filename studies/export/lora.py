"""The pick's LoRAs at its weights as one LoRA file, which at weight 1 draws the pick."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.base.registry import family_named
from models.language.translate import phrase
from models.lora.combine import LoraSum, sum_loras, write_sum
from models.lora.layout import TRIGGER_KEY
from optimizer.point import Job, file_key
from studies.export.infotext import file_name, fixed_weights
from studies.picture_settings.lora_tags import format_number

if TYPE_CHECKING:
    from studies.run.outcome import Outcome
    from studies.study import Study

LARGE: Final = 128
"""Ranks above this get a warning: few LoRAs have more, and the file grows with the rank."""
MADE_OF: Final = "huanhua.made_of"


def write_pick_lora(study: Study, outcome: Outcome, path: Path) -> list[str]:
    """Writes it whole or not at all; returns notes: how to use it, and a warning where it is large.

    `outcome.pick` must not be None. Raises InputError if every LoRA of the pick has weight 0.
    """
    assert outcome.pick is not None
    point = outcome.pick.point
    weights = {**point.weights, **fixed_weights(study)}
    files = {name: study.models.loras[file_key(name, point.files.get(name, ""))] for name in study.spec.loras}
    summed = sum_loras(files, weights, study.models.base.modules, study.spec.render.like)
    metadata = metadata_of(study, Job(outcome.seed, point), weights, path.stem, summed.rank)
    write_sum(path, summed, metadata, study.models.base.modules)
    words = ", ".join(summed.inversions)
    kept = (
        [phrase("the textual inversion {words} is in it, as A1111 reads it; diffusers refuses such a file", words=words)]
        if words
        else []
    )
    return [phrase("use it alone, at weight 1: <lora:{stem}:1>", stem=path.stem), *kept, *_warnings(summed)]


def metadata_of(study: Study, job: Job, weights: dict[str, float], title: str, rank: int) -> dict[str, str]:
    """Rank and base for kohya's tools, and for people and programs what the file was made of."""
    used = {name: weight for name, weight in weights.items() if weight}
    at, names = job.point, {name: file_name(study, name, job.point) for name in used}
    parts = [{"name": names[n], "hash": study.lora_facts_at(n, at).hash, "weight": w} for n, w in used.items()]
    recipe = " + ".join(f"{format_number(weight)} {names[name]}" for name, weight in used.items())
    metadata = {
        "modelspec.title": title,
        "modelspec.merged_from": ", ".join(names.values()),
        "ss_output_name": title,
        "ss_network_module": "networks.lora",
        "ss_network_dim": str(rank),
        "ss_network_alpha": str(rank),
        "ss_base_model_version": family_named(study.base_facts.family).kohya_version,
        "ss_sd_model_name": study.base_facts.name,
        "ss_training_comment": f"not trained: {recipe}, the pick of study {study.spec.name} at seed {job.seed}",
        MADE_OF: json.dumps(parts, ensure_ascii=False),
    }
    triggers = ", ".join(study.triggers[name] for name in used if name in study.triggers)
    return metadata | ({TRIGGER_KEY: triggers} if triggers else {})


def _warnings(summed: LoraSum) -> list[str]:
    found: list[str] = []
    if summed.differences:
        found.append(
            phrase(
                "{differences} of its tensors are full differences, for this base alone: {megabytes} MB in all",
                differences=summed.differences,
                megabytes=summed.megabytes,
            )
        )
    if summed.rank <= LARGE:
        return found
    return [
        *found,
        phrase(
            "a large LoRA: rank {rank} and {megabytes} MB, since the ranks of its parts add up",
            rank=summed.rank,
            megabytes=summed.megabytes,
        ),
    ]
