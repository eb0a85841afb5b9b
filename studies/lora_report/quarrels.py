"""Which LoRAs quarrel: how far their updates answer to the same inputs, and how much each shows less beside the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from models.lora.compare.row_spaces import overlaps_by_block, row_spaces
from scorers.score.calibration import ladder_faults, similarity
from studies.lora_report.levels import Rungs
from studies.lora_report.measures import Thing
from studies.run.blur_policy import little_clothing

if TYPE_CHECKING:
    from pathlib import Path

    from models.lora.compare.row_spaces import RowSpace, Summed
    from models.lora.sites import Site
    from optimizer.evaluate.base import Evaluation
    from studies.lora_report.models import ReportModels


@dataclass(frozen=True)
class Fall:
    """How much one LoRA shows less beside the other, both at the weight that is told of them alone."""

    name: str
    weight: float
    alone: float
    """Its calibrated score alone, the median over seeds."""
    beside: float

    @property
    def by(self) -> float:
        return self.alone - self.beside


@dataclass(frozen=True)
class Quarrel:
    """Of two LoRAs."""

    falls: tuple[Fall, Fall]
    blocks: Mapping[str, Summed]
    """How far they answer to the same inputs, by part of the base; "all" first."""
    images: tuple[Path, ...]
    """Both together, by seed."""
    bare: tuple[bool, ...]
    """Whether each may show a figure with little clothing."""
    faults: tuple[str, ...]
    """What is wrong with the figure where both act that is not in the plain image."""


def spaces_of(models: ReportModels, names: Sequence[str]) -> dict[str, dict[Site, RowSpace]]:
    """By LoRA, the row spaces of its layers."""
    return {name: row_spaces(models.open_lora(name), models.base.modules) for name in names}


def quarrel_of(
    pair: tuple[str, str],
    things: tuple[Thing, Thing],
    ladders: tuple[Rungs, Rungs],
    together: Sequence[Evaluation],
    plain: Mapping[int, Evaluation],
    spaces: tuple[Mapping[Site, RowSpace], Mapping[Site, RowSpace]],
) -> Quarrel:
    """`pair` names both; `together` are the images of both, one a seed."""
    falls = [_fall(name, thing, rungs, together) for name, thing, rungs in zip(pair, things, ladders, strict=True)]
    wrong = [fault for image in together for fault in ladder_faults(image.observation, plain[image.seed].observation)]
    return Quarrel(
        (falls[0], falls[1]),
        overlaps_by_block(*spaces),
        tuple(image.image for image in together),
        tuple(little_clothing(image.observation) for image in together),
        tuple(dict.fromkeys(wrong)),
    )


def _fall(name: str, thing: Thing, rungs: Rungs, together: Sequence[Evaluation]) -> Fall:
    chosen = rungs.chosen
    found = [rungs.calibrations[image.seed].calibrated(similarity(image.observation, thing.references)) for image in together]
    beside = [value for value in found if value is not None]
    return Fall(name, chosen.weight, median(rungs.scores(chosen) or [0.0]), median(beside or [0.0]))
