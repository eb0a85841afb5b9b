"""Proves that each LoRA acts: servers draw "success" without one none of whose layers fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from models.errors import InputError
from models.language.translate import joined, phrase
from optimizer.point import FILE_MARK, Job, lora_of_key
from optimizer.render.decode import NotDrawn
from optimizer.render.remote.base import RemoteRenderer
from optimizer.render.remote.difference import Tolerance, difference
from optimizer.render.remote.memory import DrawnMemory

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class StudyWeights:
    """The weights at which LoRAs are tried."""

    start: Job
    """At the start weights of the searched LoRAs."""
    top: Mapping[str, float]
    """The greatest weight of each searched LoRA, and of each of its other files, by `optimizer.point.file_key`."""
    fixed: Mapping[str, float] = field(default_factory=dict)
    """Of those that are not searched; one that is fixed at 0 need not act."""

    @property
    def all(self) -> dict[str, float]:
        """At the start."""
        return {**self.fixed, **self.start.point.weights}


def prove_acting(
    remote: RemoteRenderer, weights: StudyWeights, memory: DrawnMemory, tolerance: Tolerance, hint: Callable[[str], str]
) -> None:
    """Draws the start image without each LoRA in turn, but for those that are proven; stores what acts.

    One that changes too little is tried at its greatest weight. `hint` is given a LoRA's name and tells what may be wrong with
    its file. Raises InputError that names all LoRAs without which the server draws the same picture.
    """
    proven = dict(memory.acting())
    names = [name for name in {**weights.top, **weights.fixed} if name not in proven and weights.fixed.get(name, 1)]
    dead = []
    for name in names:
        found = _effect(_Pictures(remote, weights, memory), name, tolerance)
        if found is None:
            dead.append(name)
            continue
        proven[name] = round(found, 3)
        memory.keep_acting(proven)
    if dead:
        server_names = {name: lora.server_name for name, lora in remote.facts().loras.items()}
        what = phrase(
            "the server draws the same picture with and without {dead}, and calls it a success", dead=joined(" and ", dead)
        )
        where = ", ".join(server_names[name] for name in dead)
        raise InputError(joined("; ", [what, *(hint(name) for name in dead)]), where, "name a LoRA that fits the base")


def _effect(pictures: _Pictures, name: str, tolerance: Tolerance) -> float | None:
    """How far the picture with the LoRA is from the one without, in its worst block; None if it is the same one."""
    without = pictures.at(name, 0.0)
    for weight in pictures.tried(name):
        found = difference(pictures.at(name, weight), without)
        if not tolerance.allows(found):
            return found.block
    return None


@dataclass(frozen=True)
class _Pictures:
    """The start image at another weight of one LoRA."""

    remote: RemoteRenderer
    weights: StudyWeights
    memory: DrawnMemory

    def tried(self, name: str) -> list[float]:
        """The weight of the start, then the greatest."""
        found = {self.weights.all.get(lora_of_key(name), 0.0), self.weights.top.get(name, 0.0)}
        return sorted(weight for weight in found if weight)

    def at(self, name: str, weight: float) -> Image | NotDrawn:
        start = self.weights.start
        if name in self.weights.fixed and weight != self.weights.fixed[name]:
            # Of another identity than the study's: no search asks for it, and no cache may answer with it.
            return self.remote.draw(start, {**self.weights.all, name: weight})
        lora, _, label = name.partition(FILE_MARK)
        searched = {**start.point.weights, **({} if name in self.weights.fixed else {lora: weight})}
        job = replace(start, point=replace(start.point, weights=searched, files={lora: label} if label else {}))
        image = self.memory.find(job)
        if image is None:
            image = self.remote.draw(job, {**self.weights.fixed, **job.point.by_file()})
            self.memory.keep(job, image)
        return image
