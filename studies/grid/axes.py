"""Axes of a grid: what a column or row changes, its labels, and the same axis in A1111's X/Y/Z plot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from models.errors import InputError
from models.language.translate import phrase
from optimizer.point import Point
from optimizer.schedules.schedule import WHOLE, Schedule, Schedules
from optimizer.search.searched_schedules import End
from optimizer.search.space import CFG, FILE

Tag = Callable[[str, float], str]
"""Called with a LoRA's name and weight; gives A1111's tag for it."""
NOTHING: Final = "Nothing"
"""A1111's axis type of what it does not change."""


class GridAxis(Protocol):
    """One edge of a grid. Indices count from 0 to the number of labels."""

    @property
    def name(self) -> str: ...

    @property
    def labels(self) -> tuple[str, ...]: ...

    @property
    def touches(self) -> frozenset[str]:
        """What the axis sets: LoRA names, ends of their schedules such as `dress.start`, or cfg, steps, sampler, seed, prompt."""
        ...

    def place(self, seed: int, point: Point, index: int) -> tuple[int, Point]:
        """The seed and point with this axis at its value `index`."""
        ...

    def a1111(self, tag: Tag) -> tuple[str, tuple[str, ...]]:
        """The axis type of A1111's X/Y/Z plot, and the values as people would type them there."""
        ...


@dataclass(frozen=True)
class WeightAxis:
    """The weight of one LoRA, or one weight for several: their names joined by +."""

    name: str
    values: tuple[float, ...]
    given: Schedules = field(default_factory=dict)
    """The steps in which LoRAs act by the study's file."""

    @property
    def loras(self) -> tuple[str, ...]:
        return tuple(self.name.split("+"))

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(f"{' + '.join(self.loras)} {value:g}" for value in self.values)

    @property
    def touches(self) -> frozenset[str]:
        return frozenset(self.loras)

    def place(self, seed: int, point: Point, index: int) -> tuple[int, Point]:
        schedules = {**{name: self.given[name] for name in self.loras if _is_off(name, point, self.given)}, **point.schedules}
        weights = {**point.weights, **dict.fromkeys(self.loras, self.values[index])}
        return seed, replace(point, weights=weights, schedules=schedules)

    def a1111(self, tag: Tag) -> tuple[str, tuple[str, ...]]:
        return "Prompt S/R", tuple(" ".join(tag(lora, value) for lora in self.loras) for value in self.values)


@dataclass(frozen=True)
class ScheduleAxis:
    """The step, in shares of all, at which one LoRA begins or ends to act, or several: their names joined by +."""

    names: str
    end: End
    values: tuple[float, ...]
    given: Schedules = field(default_factory=dict)
    """The steps in which LoRAs act by the study's file."""

    @property
    def name(self) -> str:
        return f"{self.names}.{self.end}"

    @property
    def loras(self) -> tuple[str, ...]:
        return tuple(self.names.split("+"))

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(f"{' + '.join(self.loras)} {self.end} {value:g}" for value in self.values)

    @property
    def touches(self) -> frozenset[str]:
        return frozenset(f"{lora}.{self.end}" for lora in self.loras)

    def place(self, seed: int, point: Point, index: int) -> tuple[int, Point]:
        return seed, replace(point, schedules={**point.schedules, **{lora: self._of(lora, point, index) for lora in self.loras}})

    def _of(self, lora: str, point: Point, index: int) -> Schedule:
        """One of all steps is named, too: an axis of weights would take that of the study's file for one that is off."""
        now = self.given[lora] if _is_off(lora, point, self.given) else point.schedules.get(lora, WHOLE)
        return Schedule(self.values[index], now.end) if self.end == "start" else Schedule(now.start, self.values[index])

    def a1111(self, tag: Tag) -> tuple[str, tuple[str, ...]]:
        return NOTHING, tuple(f"{value:g}" for value in self.values)


def _is_off(lora: str, point: Point, given: Schedules) -> bool:
    """Whether a point leaves out the schedule that the file gives because the LoRA is off there."""
    return lora in given and lora not in point.schedules and lora not in point.on()


@dataclass(frozen=True)
class FileAxis:
    """The file of a LoRA of several files, its epochs."""

    lora: str
    values: tuple[str, ...]
    """Labels."""
    files: tuple[str, ...]
    """What A1111 calls each."""
    last: str
    """The label of the LoRA's last file, which draws where none is chosen."""

    @property
    def name(self) -> str:
        return f"{self.lora}{FILE}"

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(f"{self.lora} {value}" for value in self.values)

    @property
    def touches(self) -> frozenset[str]:
        return frozenset({self.name})

    def place(self, seed: int, point: Point, index: int) -> tuple[int, Point]:
        others = {name: label for name, label in point.files.items() if name != self.lora}
        chosen = self.values[index]
        return seed, replace(point, files=others if chosen == self.last else {**others, self.lora: chosen})

    def a1111(self, tag: Tag) -> tuple[str, tuple[str, ...]]:
        return "Prompt S/R", tuple(f"<lora:{file}:" for file in self.files)


@dataclass(frozen=True)
class CfgAxis:
    values: tuple[float, ...]
    name: str = CFG
    touches: frozenset[str] = frozenset({CFG})

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(f"CFG {value:g}" for value in self.values)

    def place(self, seed: int, point: Point, index: int) -> tuple[int, Point]:
        return seed, replace(point, cfg=self.values[index])

    def a1111(self, tag: Tag) -> tuple[str, tuple[str, ...]]:
        return "CFG Scale", tuple(f"{value:g}" for value in self.values)


@dataclass(frozen=True)
class StepsAxis:
    """`own` is the study's number of steps: there the image may have been drawn before."""

    values: tuple[int, ...]
    own: int
    name: str = "steps"
    touches: frozenset[str] = frozenset({"steps"})

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(phrase("{value} steps", value=value) for value in self.values)

    def place(self, seed: int, point: Point, index: int) -> tuple[int, Point]:
        return seed, replace(point, steps=None if self.values[index] == self.own else self.values[index])

    def a1111(self, tag: Tag) -> tuple[str, tuple[str, ...]]:
        return "Steps", tuple(str(value) for value in self.values)


@dataclass(frozen=True)
class SamplerAxis:
    """`own` is the study's sampler: there the image may have been drawn before."""

    values: tuple[str, ...]
    own: str
    name: str = "sampler"
    touches: frozenset[str] = frozenset({"sampler"})

    @property
    def labels(self) -> tuple[str, ...]:
        return self.values

    def place(self, seed: int, point: Point, index: int) -> tuple[int, Point]:
        return seed, replace(point, sampler=None if self.values[index] == self.own else self.values[index])

    def a1111(self, tag: Tag) -> tuple[str, tuple[str, ...]]:
        return "Sampler", self.values


@dataclass(frozen=True)
class SeedAxis:
    values: tuple[int, ...]
    name: str = "seed"
    touches: frozenset[str] = frozenset({"seed"})

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(phrase("seed {value}", value=value) for value in self.values)

    def place(self, seed: int, point: Point, index: int) -> tuple[int, Point]:
        return self.values[index], point

    def a1111(self, tag: Tag) -> tuple[str, tuple[str, ...]]:
        return "Seed", tuple(str(value) for value in self.values)


@dataclass(frozen=True)
class PromptAxis:
    """A1111's Prompt S/R: the first of `words` is searched in the prompt, and each of them stands in its place. `own` is the
    study's prompt."""

    words: tuple[str, ...]
    own: str
    name: str = "prompt"
    touches: frozenset[str] = frozenset({"prompt"})

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(word or f"no {self.words[0]}" for word in self.words)

    def place(self, seed: int, point: Point, index: int) -> tuple[int, Point]:
        prompt = self.replaced(point.prompt or self.own, index)
        return seed, replace(point, prompt="" if prompt == self.own else prompt)

    def replaced(self, prompt: str, index: int) -> str:
        return prompt.replace(self.words[0], self.words[index])

    def a1111(self, tag: Tag) -> tuple[str, tuple[str, ...]]:
        return "Prompt S/R", self.words


def axis_seeds(axes: Sequence[GridAxis]) -> tuple[int, ...]:
    """The seeds of the seed axis; empty where there is none."""
    return next((axis.values for axis in axes if isinstance(axis, SeedAxis)), ())


def check_axes(axes: Sequence[GridAxis], where: str) -> None:
    """Raises InputError if two axes set the same thing: the one that is placed last would win."""
    for at, one in enumerate(axes):
        for other in axes[at + 1 :]:
            if shared := _shared(one, other):
                raise InputError(
                    phrase("two axes touch {shared}", shared=", ".join(sorted(shared))),
                    where,
                    "give each axis something of its own",
                )


def _shared(one: GridAxis, other: GridAxis) -> set[str]:
    if not isinstance(one, PromptAxis) or not isinstance(other, PromptAxis):
        return set(one.touches & other.touches)
    if _independent(one, other) and _independent(other, one):
        return set()
    return {f"'{one.words[0]}' and '{other.words[0]}'"}


def _independent(one: PromptAxis, other: PromptAxis) -> bool:
    """Whether the words that `other` searches for occur as often whichever words of `one` are put in."""
    found = one.own.count(other.words[0])
    return all(one.replaced(one.own, index).count(other.words[0]) == found for index in range(len(one.words)))
