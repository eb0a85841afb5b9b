"""What study.yaml says of where a LoRA acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, field_validator, model_validator

from models.language.translate import phrase
from models.lora_kinds import LoraKind
from studies.drawing.section import DrawSection, HuanhuaDraw
from studies.scorer_spec import FROM_POSE
from studies.spec_section import Section

Share = Annotated[float, Field(ge=0, le=1)]
PARTS: Final[dict[LoraKind, str]] = {"face": "the head", "clothing": "the clothes", "shoes": "the shoes"}
"""What of the figure `auto` means, by the LoRA's kind."""


class WrittenRegion(Section):
    """A region that a person wrote: a rectangle, or a picture that somebody painted."""

    box: tuple[Share, Share, Share, Share] | None = None
    """left, top, right, bottom, as shares of the picture's width and height"""
    mask: str | None = None
    """picture of the size of those drawn: the LoRA acts where it is white"""

    @field_validator("box", mode="before")
    @classmethod
    def _shares(cls, box: object) -> object:
        """In a person's words, before four numbers are checked one by one."""
        numbers = box if isinstance(box, (list, tuple)) and all(type(side) in (int, float) for side in box) else None
        if box is not None and (numbers is None or len(numbers) != 4):
            raise ValueError(phrase("a box is four numbers: [left, top, right, bottom]"))
        if numbers is not None and not all(0 <= side <= 1 for side in numbers):
            raise ValueError(phrase("a box has shares of the picture's width and height, from 0 to 1: divide pixels by them"))
        return box

    @field_validator("box")
    @classmethod
    def _rises(cls, box: tuple[float, float, float, float] | None) -> tuple[float, float, float, float] | None:
        if box is not None and (box[0] >= box[2] or box[1] >= box[3]):
            raise ValueError(phrase("a box is [left, top, right, bottom], with left below right and top below bottom"))
        return box

    @model_validator(mode="after")
    def _one(self) -> WrittenRegion:
        if (self.box is None) == (self.mask is None):
            raise ValueError(phrase("auto, {box: [left, top, right, bottom]} or {mask: FILE}"))
        return self


RegionSection: TypeAlias = Literal["auto"] | WrittenRegion
"""`auto`: the LoRA's part of the figure in the locked image, by its kind."""


def check_regions(given: Mapping[str, tuple[RegionSection | None, LoraKind]], draw: DrawSection, part_parser: str | None) -> None:
    """By LoRA its region and kind. Raises ValueError for regions that cannot be drawn or found."""
    regions = {name: (region, kind) for name, (region, kind) in given.items() if region is not None}
    for name, (region, kind) in regions.items():
        where = {"name": name, "title": draw.title}
        if not isinstance(draw, HuanhuaDraw):
            raise ValueError(phrase("loras.{name}.region: only huanhua itself draws in regions, and {title} draws here", **where))
        if region == "auto" and kind == "other":
            raise ValueError(phrase("loras.{name}.region: auto finds no part for kind other: write a box or a mask", **where))
        if region == "auto" and part_parser is None:
            words = "loras.{name}.region: auto needs a part parser: name scorers.parts.model, or write a box or a mask"
            raise ValueError(phrase(words, **where))


def check_named(figures: object) -> object:
    """What stands at `figures` before it is read. Raises ValueError where that is neither names nor words by name."""
    names = figures if isinstance(figures, (list, tuple, Mapping)) else [None]
    if not all(isinstance(name, str) for name in names):
        raise ValueError(phrase("a list of names, or the words of each: {anna: pink dress, bea: blue dress}"))
    for name, words in figures.items() if isinstance(figures, Mapping) else ():
        if not isinstance(words, str):
            raise ValueError(phrase("the words of {name} are text, such as pink dress; '' for none", name=name))
    return figures


def check_figures(
    figures: Sequence[str], given: Mapping[str, tuple[str | None, bool]], draw: DrawSection, parser: str | None
) -> None:
    """`given` is by LoRA its figure, and whether it is searched. Raises ValueError for figures that cannot be drawn, or told
    apart."""
    named = {name: figure for name, (figure, _) in given.items() if figure is not None}
    for name, figure in named.items():
        if figure not in figures:
            shown = {"name": name, "figure": figure, "figures": ", ".join(figures) or phrase("none")}
            raise ValueError(phrase("loras.{name}.figure is {figure}, which figures does not name ({figures})", **shown))
    if not figures:
        return
    if len(figures) < 2 or len(set(figures)) < len(figures):
        raise ValueError(phrase("figures names two people or more, each once, from left to right; leave it out for one"))
    lacking = sorted(name for name, (figure, searched) in given.items() if searched and figure is None)
    if lacking:
        raise ValueError(phrase("loras.{name} is searched and nobody's: give it a figure, or a fixed weight", name=lacking[0]))
    if not isinstance(draw, HuanhuaDraw):
        raise ValueError(phrase("figures: only huanhua itself draws several people, and {title} draws here", title=draw.title))
    if parser in (None, FROM_POSE):
        raise ValueError(phrase("figures needs a part parser, which tells people apart: name scorers.parts.model"))
