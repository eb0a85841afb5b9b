"""What study.yaml says of the steps in which a LoRA acts: `loras.NAME.schedule` and `search.schedule`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field

from models.language.translate import phrase
from optimizer.schedules.schedule import WHOLE, Schedule
from optimizer.search.searched_schedules import VALUES, End, SearchedSchedules
from studies.drawing.section import DrawSection, HuanhuaDraw

Share = Annotated[float, Field(ge=0, le=1)]
ScheduleSection = tuple[Share, Share]
"""Start and end, in shares of the steps."""


def schedule_of(section: ScheduleSection | None) -> Schedule:
    return WHOLE if section is None else Schedule(*section)


def check_rises(section: ScheduleSection | None) -> None:
    """Raises ValueError for a schedule whose start is not before its end."""
    if section is not None and section[0] >= section[1]:
        raise ValueError(phrase("schedule must rise, not {start:g} to {end:g}", start=section[0], end=section[1]))


def check_schedules(
    given: Mapping[str, ScheduleSection | None],
    searched: Sequence[str],
    moving: Mapping[str, Sequence[End]],
    steps: int,
    draw: DrawSection,
) -> None:
    """Raises ValueError for schedules that cannot be drawn or searched. `given` are by LoRA, `searched` names those that are not
    fixed, `moving` the ends that the search moves; `steps` are those of the study's images."""
    for name, section in given.items():
        if section is None:
            continue
        _check_drawn_here(f"loras.{name}.schedule", draw)
        schedule = schedule_of(section)
        if not schedule.steps(steps):
            words = "loras.{name}.schedule, {schedule}, falls between two of the {steps} steps, so that it never acts: widen it"
            raise ValueError(phrase(words, name=name, schedule=str(schedule), steps=steps))
    for name, ends in moving.items():
        if name not in searched:
            names = {"name": name, "searched": ", ".join(searched)}
            raise ValueError(phrase("search.schedule names {name}, which is no searched LoRA ({searched})", **names))
        _check_drawn_here(f"search.schedule.{name}", draw)
        if not ends or len(set(ends)) < len(ends):
            raise ValueError(phrase("search.schedule.{name}: name start, end, or both, each once", name=name))
        _check_moves(name, schedule_of(given[name]), ends, steps)


def _check_drawn_here(where: str, draw: DrawSection) -> None:
    if not isinstance(draw, HuanhuaDraw):
        words = "{where}: only huanhua itself draws a LoRA in some of the steps, and {title} draws here"
        raise ValueError(phrase(words, where=where, title=draw.title))


def _check_moves(name: str, given: Schedule, ends: Sequence[End], steps: int) -> None:
    for end in ends:
        at = getattr(given, end)
        if at not in VALUES[end]:
            tried = {"name": name, "end": end, "at": at, "values": ", ".join(f"{value:g}" for value in VALUES[end])}
            words = "search.schedule.{name} moves the {end} among {values}, but its schedule has {at:g}: take one of these"
            raise ValueError(phrase(words, **tried))
    last = VALUES["end"][0] if "end" in ends else given.end
    if not Schedule(VALUES["start"][0] if "start" in ends else given.start, last).steps(steps):
        words = "search.schedule.{name}: render.steps {steps} are too few to end at {last:g}"
        raise ValueError(phrase(words, name=name, steps=steps, last=last))


def searched_schedules(
    sections: Mapping[str, ScheduleSection | None], moving: Mapping[str, Sequence[End]], steps: int
) -> SearchedSchedules:
    """Those of a study's search, by searched LoRA."""
    given = {name: schedule_of(section) for name, section in sections.items()}
    return SearchedSchedules(
        steps,
        {name: schedule for name, schedule in given.items() if not schedule.whole},
        {name: tuple(end for end in VALUES if end in moving[name]) for name in given if name in moving},
    )
