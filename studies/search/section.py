"""`search` of study.yaml: what is searched, what must be met, and at what cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import AliasChoices, BeforeValidator, Field, model_validator

from models.language.translate import phrase
from optimizer.search.prompt_edits import PromptEdit
from optimizer.search.samplers.registry import sampler_names
from optimizer.search.searched_controls import Setting
from optimizer.search.searched_schedules import End
from studies.spec_section import Section

if TYPE_CHECKING:
    SamplerName: TypeAlias = str
else:
    # A type checker cannot read the registry.
    SamplerName = Literal[sampler_names()]


def _check_moves(example: str) -> Callable[[object], object]:
    """Says in plain words what a key wants that names what the search moves."""

    def checked(given: object) -> object:
        if not isinstance(given, Mapping) or not all(isinstance(moves, (list, tuple)) for moves in given.values()):
            raise ValueError(phrase("name what moves, and what of it: {{{example}}}", example=example))
        return given

    return checked


class LeversSection(Section):
    """Prompt edits that may stand in for weight."""

    add: list[str] = Field(default=[])
    """tags to add to the prompt"""
    drop: list[str] = Field(default=[])
    """tags of the prompt to leave out, such as a trigger word"""
    replace: dict[str, str] = Field(default={})
    """tags of the prompt, and the tags that replace them"""

    def all(self) -> list[PromptEdit]:
        replaced = [PromptEdit(add, drop) for drop, add in self.replace.items()]
        return [*(PromptEdit(add=word) for word in self.add), *(PromptEdit(drop=word) for word in self.drop), *replaced]


class SearchSection(Section):
    """What is searched, what must be met, and at what cost."""

    trials: Annotated[int, Field(ge=4, le=1000)] = 40
    """images a seed, proof included"""
    step: Annotated[float, Field(gt=0, le=0.5)] = 0.05
    """distance of neighbouring weights"""
    cfg: tuple[float, float] | None = None
    """least and greatest CFG that is searched; null to search none"""
    cfg_price: Annotated[float, Field(ge=0)] = 0.02
    """cost of one unit of CFG away from the given one"""
    levers: LeversSection | None = None
    """prompt edits to try where they save weight"""
    lever_price: Annotated[float, Field(ge=0)] = 0.05
    """cost of each prompt edit"""
    schedule: Annotated[dict[str, list[End]], BeforeValidator(_check_moves("dress: [start, end]"))] = Field(default={})
    """LoRAs whose schedule the search moves, and which of its ends: {dress: [start, end]}"""
    control: Annotated[dict[str, list[Setting]], BeforeValidator(_check_moves("edges: [strength, end]"))] = Field(default={})
    """ControlNets of which the search moves the strength, the end, or both: {edges: [strength, end]}"""
    require: dict[str, Annotated[float, Field(ge=0, le=1.5)]] = Field(default_factory=dict)
    """calibrated score that a LoRA must reach: 0 is the plain image, 1 the best of it alone or at the start; 0.7 by default"""
    hands: Annotated[float, Field(ge=0, le=1)] = 0.15
    """how much worse than the locked image's the hands may be: probability that they are broken"""
    drift: Annotated[float, Field(ge=0, le=10)] | None = None
    """how far the figure may move from the locked image: 1 is as far as other seeds; null only reports it"""
    sampler: SamplerName = "least-weight"
    """what proposes the weights of the next image"""
    worth: Annotated[float, Field(gt=0, le=2)] | None = None
    """least-weight draws no image that is expected to save less weight than this; null for a fifth of a step"""
    batch: Annotated[int, Field(ge=1, le=64)] = 1
    """images proposed at once: as many as `--ray` has workers for a seed"""
    robustness: Annotated[float, Field(ge=0, le=0.2)] = Field(default=0.02, validation_alias=AliasChoices("robustness", "margin"))
    """the pick must hold with all weights this much lower and higher; 0 asks for none"""
    learn: list[str] = Field(default=[])
    """other studies, by folder, whose trials this search learns from"""
    random_state: int = 0
    """seed of the search's own random numbers, not of images"""

    def allowed(self) -> dict[str, float]:
        """What each score of the whole image is allowed, by its name; one that is only reported is left out."""
        return {"hands": self.hands, **({} if self.drift is None else {"drift": self.drift})}

    @model_validator(mode="before")
    @classmethod
    def _one_name_for_robustness(cls, given: Any) -> Any:
        if isinstance(given, dict) and {"robustness", "margin"} <= set(given):
            raise ValueError(phrase("search.margin is the older name of search.robustness: keep one of them"))
        return given
