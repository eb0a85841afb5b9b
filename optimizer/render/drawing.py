"""An image to draw, what predicts it in which steps, and which images one batch can contain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING

from models.base.family import Conditioning, joined
from models.base.prompt.reading import equal_tokens, repeated
from models.errors import InputError
from models.language.translate import phrase
from optimizer.point import Job
from optimizer.regions.rows import Row, blended, shares_of
from optimizer.render.denoise import Predict
from optimizer.schedules.schedule import Schedule, Schedules

if TYPE_CHECKING:
    from torch import Tensor

Pair = tuple[Conditioning, ...]
"""(negative, positive), or the positive alone for an image without guidance."""


@dataclass(frozen=True)
class Part:
    """Steps of an image in which the same LoRAs and ControlNets act, and the rows of the denoiser that predict them: one, or one
    for each region in which other LoRAs act."""

    window: Schedule
    rows: list[Row]
    pairs: list[Pair]
    """Of each row: what its LoRAs do to the text encoder they do in its region, and in its steps."""
    controls: Mapping[str, float] = field(default_factory=dict)
    """Strengths of the ControlNets that act."""


@dataclass(frozen=True)
class Drawing:
    """A job, and its parts in order: one, unless LoRAs act in some of its steps only."""

    job: Job
    parts: list[Part]
    schedules: Schedules
    """Of its LoRAs that are on and do not act in all steps."""

    @property
    def most_rows(self) -> int:
        """Of any part."""
        return max(len(part.rows) for part in self.parts)

    def part_at(self, step: int, count: int) -> int:
        """The index of the part that predicts a step of `count`."""
        return next(index for index, part in enumerate(self.parts) if step in part.window.steps(count))


def rows_together(pairs: Sequence[Pair]) -> Conditioning:
    """The rows of each image next to each other, as models.lora.fold wants them."""
    return joined(evened([conditioning for pair in pairs for conditioning in pair]))


def evened(conditionings: Sequence[Conditioning]) -> list[Conditioning]:
    """All at equally many tokens, as one batch needs them: repeated, which changes no picture, or, of families that are told how
    many count, padded with zeros that do not."""
    from torch.nn.functional import pad

    if len({one.hidden.shape[1] for one in conditionings}) == 1:
        return list(conditionings)
    if any(one.lengths for one in conditionings):
        longest = max(one.hidden.shape[1] for one in conditionings)
        return [replace(one, hidden=pad(one.hidden, (0, 0, 0, longest - one.hidden.shape[1]))) for one in conditionings]
    tokens = equal_tokens(*(one.hidden for one in conditionings))
    return [replace(one, hidden=repeated(one.hidden, tokens)) for one in conditionings]


def predicting(predict: Predict, parts: Sequence[Part], latents: Tensor) -> tuple[Predict, Conditioning]:
    """What predicts steps of images, one part each, and their conditioning."""
    shares, conditioning = shares_of([one.rows for one in parts], latents), rows_together([one.pairs[0] for one in parts])
    if shares is None:
        return predict, conditioning
    every = rows_together([pair for one in parts for pair in one.pairs])
    return blended(predict, every, shares), conditioning


def alike(drawings: Sequence[Drawing]) -> list[list[int]]:
    """Indices of jobs that one batch can contain: of equal steps, sampler, guidance, length of prompts and number of rows, of
    each part where it is not one throughout."""
    found: dict[tuple[object, ...], list[int]] = {}
    for index, one in enumerate(drawings):
        pair, point = one.parts[0].pairs[0], one.job.point
        lengths = tuple(conditioning.lengths for conditioning in pair)
        rows = [(part.window, len(part.rows)) for part in one.parts] if one.most_rows > 1 else []
        key = (point.steps, point.sampler, len(pair), pair[0].hidden.shape[1], lengths, tuple(rows))
        found.setdefault(key, []).append(index)
    return list(found.values())


def check_steps(drawings: Sequence[Drawing], count: int) -> None:
    """Raises InputError where a LoRA would act in none of the `count` steps of an image."""
    for name, schedule in (pair for one in drawings for pair in one.schedules.items()):
        if not schedule.steps(count):
            what = phrase("{name} acts in none of {steps} steps ({schedule})", name=name, steps=count, schedule=str(schedule))
            raise InputError(what, phrase("the schedule of {name}", name=name), "widen it, or draw more steps")


def stretches(drawings: Sequence[Drawing], steps: Sequence[int]) -> Iterator[tuple[slice, list[Part]]]:
    """Calls of the denoiser that follow each other, and the part of each image that predicts them all. `steps` are the steps of
    all calls, from 0 on."""
    count = steps[-1] + 1
    at = [tuple(one.part_at(step, count) for one in drawings) for step in steps]
    for parts, calls in groupby(range(len(at)), key=at.__getitem__):
        first, *rest = calls
        yield slice(first, first + 1 + len(rest)), [one.parts[index] for one, index in zip(drawings, parts, strict=True)]
