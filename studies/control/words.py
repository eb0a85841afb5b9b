"""What a study says of its ControlNets, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from models.language.translate import joined, phrase
from optimizer.search.searched_controls import Setting
from studies.control.section import Detector, GivenHint

if TYPE_CHECKING:
    from optimizer.control.control import Control
    from optimizer.point import Point
    from studies.control.section import ControlSection
    from studies.spec import StudySpec

HINTS: Final[dict[Detector, str]] = {
    "canny": "the locked image's edges",
    "lineart": "the locked image's lines",
    "tile": "the locked image itself",
    "pose": "the locked image's pose",
    "depth": "the locked image's depth",
}
SEARCHED: Final[dict[tuple[Setting, ...], str]] = {
    ("strength",): "the strength is searched",
    ("end",): "the end is searched",
    ("strength", "end"): "strength and end are searched",
}


def hint_words(section: ControlSection) -> str:
    """A phrase for people."""
    if isinstance(section.hint, GivenHint):
        return phrase("the picture {file}", file=section.hint.image)
    return phrase(HINTS[section.hint])


def control_words(control: Control) -> str:
    """`0.50 up to 75% of the steps`: a phrase for people."""
    if control.end >= 1:
        return phrase("strength {strength:.2f}", strength=control.strength)
    return phrase("strength {strength:.2f} up to {end:.0%} of the steps", strength=control.strength, end=control.end)


def in_brackets(control: Control) -> str:
    """`0.50 [0-75%]`: in a line of weights."""
    return f"{control.strength:.2f}" + ("" if control.end >= 1 else f" [0-{round(100 * control.end)}%]")


def controls_line(point: Point) -> list[str]:
    """`edges 0.50 [0-75%]` of each ControlNet that acts."""
    return [f"{name} {in_brackets(control)}" for name, control in point.acting_controls().items()]


def controls_at(spec: StudySpec, point: Point) -> dict[str, str]:
    """By ControlNet that acts on a point's image, what it is told and how strongly."""
    return {
        name: phrase("{hint}, {control}", hint=hint_words(spec.control[name]), control=control_words(control))
        for name, control in point.acting_controls().items()
        if name in spec.control
    }


def words_of_controls(spec: StudySpec) -> dict[str, str]:
    """By ControlNet what it is told, and what of it the search moves, else how strongly it acts."""
    held, found = spec.space().controls, dict[str, str]()
    for name, section in spec.control.items():
        how = phrase(SEARCHED[held.moving[name]]) if name in held.moving else control_words(held.given[name])
        found[name] = joined("; ", [hint_words(section), how])
    return found
