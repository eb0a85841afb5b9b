"""What a study says of the steps in which its LoRAs act, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from models.language.translate import joined, phrase
from optimizer.search.searched_schedules import End
from studies.drawing.section import HuanhuaDraw
from studies.schedules.section import schedule_of

if TYPE_CHECKING:
    from optimizer.point import Point
    from optimizer.schedules.schedule import Schedule, Schedules
    from studies.spec import StudySpec

SEARCHED: Final[dict[tuple[End, ...], str]] = {
    ("start",): "the start is searched",
    ("end",): "the end is searched",
    ("start", "end"): "start and end are searched",
}


def schedule_words(schedule: Schedule) -> str:
    """A phrase for people."""
    return phrase("{start:.0%} to {end:.0%} of the steps", start=schedule.start, end=schedule.end)


def in_brackets(schedule: Schedule) -> str:
    """`[25-75%]`: in a line of weights."""
    return f"[{round(100 * schedule.start)}-{round(100 * schedule.end)}%]"


def fixed_schedules(spec: StudySpec) -> dict[str, Schedule]:
    """Of LoRAs that are not searched and do not act in all steps."""
    found = {name: schedule_of(lora.schedule) for name, lora in spec.loras.items() if lora.fixed}
    return {name: schedule for name, schedule in found.items() if not schedule.whole}


def schedules_at(spec: StudySpec, point: Point) -> Schedules:
    """Those that decide the image of a point."""
    return {**fixed_schedules(spec), **point.acting_schedules()}


def words_at(spec: StudySpec, point: Point) -> dict[str, str]:
    """By LoRA that does not act in all steps of a point's image, in which it does."""
    return {name: schedule_words(schedule) for name, schedule in schedules_at(spec, point).items()}


def schedulable(spec: StudySpec) -> list[str]:
    """The searched LoRAs whose schedule is neither given nor searched, and could be."""
    if not isinstance(spec.draw, HuanhuaDraw):
        return []
    return [name for name, lora in spec.searched().items() if lora.schedule is None and name not in spec.search.schedule]


def words_of_schedules(spec: StudySpec) -> dict[str, str]:
    """By LoRA with a schedule of its own or one that the search moves, what it is."""
    moving = spec.space().schedules.moving
    found = {name: schedule_words(schedule_of(lora.schedule)) for name, lora in spec.loras.items() if lora.schedule is not None}
    ends = {name: phrase(SEARCHED[moved]) for name, moved in moving.items()}
    return {name: joined("; ", [w[name] for w in (found, ends) if name in w]) for name in spec.loras if name in {**found, **ends}}
