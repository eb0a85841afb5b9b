"""What study.yaml says of ControlNets: `control` and `search.control`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias, get_args

from pydantic import Field, field_validator, model_validator

from models.language.translate import phrase
from optimizer.control.control import Control
from optimizer.search.searched_controls import VALUES, SearchedControls, Setting
from studies.drawing.section import DrawSection, HuanhuaDraw
from studies.spec_section import Section

if TYPE_CHECKING:
    from studies.scorer_spec import ScorersSection

Detector: TypeAlias = Literal["canny", "lineart", "tile", "pose", "depth"]
WITH_MODEL: Final[tuple[Detector, ...]] = ("pose", "depth")
"""Those that open a model."""


TIME_SHARE: Final = 0.5
"""Of the time of an image without, what each ControlNet adds (docs/control.md)."""


class GivenHint(Section):
    """A picture that a person made for the ControlNet."""

    image: str
    """picture of the size of those drawn, such as a skeleton or a depth map: the same at every seed"""


class ControlSection(Section):
    """One ControlNet."""

    model: Annotated[str, Field(min_length=1)]
    """diffusers folder of the ControlNet, or its .safetensors file; one of the base's kind"""
    hint: Detector | GivenHint
    """what it is told of the seed's locked image: canny (its edges), lineart, depth, pose, tile (itself); or {image: FILE}"""
    detector: str | None = None
    """with depth: folder of a depth estimator as transformers opens it; with pose: ONNX file of a pose model, by default
    scorers.hands.pose"""
    strength: Annotated[float, Field(ge=0, le=2)] = 0.5
    """what it gives is multiplied by this; where the search begins, if it moves it"""
    end: Annotated[float, Field(gt=0, le=1)] = 1.0
    """share of the steps before which it acts"""
    price: Annotated[float, Field(ge=0, le=100)] = 0.2
    """cost of strength 1 in all steps, in units of weight"""

    @field_validator("hint", mode="before")
    @classmethod
    def _known(cls, hint: object) -> object:
        """In a person's words, before each kind of hint is tried."""
        known = get_args(Detector)
        if (isinstance(hint, (Mapping, Section)) and hint) or hint in known:
            return hint
        raise ValueError(phrase("a hint is one of {known}, or a picture of yours: {{image: FILE}}", known=", ".join(known)))

    @model_validator(mode="after")
    def _detected(self) -> ControlSection:
        if self.detector is not None and self.hint not in WITH_MODEL:
            raise ValueError(phrase("detector belongs to hint depth or pose: leave it out"))
        if self.hint == "depth" and self.detector is None:
            raise ValueError(phrase("hint depth needs detector: the folder of a depth estimator"))
        return self


def check_given(controls: object) -> object:
    """What stands at `control` before it is read. Raises ValueError where that is no ControlNet by its name."""
    sections = list(controls.values()) if isinstance(controls, Mapping) else [None]
    if not all(isinstance(section, (Mapping, Section)) for section in sections):
        raise ValueError(phrase("name ControlNets, such as edges: {model: FILE, hint: canny}"))
    return controls


def check_controls(
    controls: Mapping[str, ControlSection],
    moving: Mapping[str, Sequence[Setting]],
    loras: Sequence[str],
    draw: DrawSection,
    scorers: ScorersSection,
) -> None:
    """Raises ValueError for ControlNets that cannot be drawn or searched."""
    for name, section in controls.items():
        if not isinstance(draw, HuanhuaDraw):
            words = "control.{name}: only huanhua itself draws with it, and {title} draws here: ask {title} for it"
            raise ValueError(phrase(words, name=name, title=draw.title))
        if name in loras:
            raise ValueError(phrase("control.{name} is the name of a LoRA too: give it another", name=name))
        if section.hint == "pose" and section.detector is None and scorers.hands.pose is None:
            words = "control.{name}: hint pose needs a pose model: name control.{name}.detector or scorers.hands.pose"
            raise ValueError(phrase(words, name=name))
    for name, settings in moving.items():
        if name not in controls:
            names = {"name": name, "controls": ", ".join(controls) or phrase("none")}
            raise ValueError(phrase("search.control names {name}, which control does not ({controls})", **names))
        if not settings or len(set(settings)) < len(settings):
            raise ValueError(phrase("search.control.{name}: name strength, end, or both, each once", name=name))
        _check_moves(name, controls[name], settings)


def _check_moves(name: str, section: ControlSection, settings: Sequence[Setting]) -> None:
    for setting in settings:
        at = getattr(section, setting)
        if at not in VALUES[setting]:
            values = ", ".join(f"{value:g}" for value in VALUES[setting])
            words = "search.control.{name} moves the {setting} among {values}, but control.{name} has {at:g}: take one of these"
            raise ValueError(phrase(words, name=name, setting=setting, values=values, at=at))


def searched_controls(
    controls: Mapping[str, ControlSection], moving: Mapping[str, Sequence[Setting]], steps: int
) -> SearchedControls:
    """Those of a study's search."""
    return SearchedControls(
        steps,
        {name: Control(section.strength, section.end) for name, section in controls.items()},
        {name: tuple(one for one in VALUES if one in moving[name]) for name in controls if name in moving},
        {name: section.price for name, section in controls.items()},
    )
