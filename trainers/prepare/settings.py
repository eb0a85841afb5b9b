"""How a training set is made from photos."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from models.errors import InputError
from models.lora_kinds import LoraKind
from trainers.prepare.captions import check_trigger
from trainers.prepare.cutting.crops import Size
from trainers.step_plan import Plan

SD15_PLAN: Final = Plan(steps=4000, epochs=10, batch=1)


@dataclass(frozen=True)
class PrepareSettings:
    """What is trained, and how its images are cut and captioned. Raises InputError for odd sizes and bad trigger words."""

    kind: LoraKind
    """What the LoRA is of."""
    trigger: str
    """One tag of one's own: first in captions, and the name of the folders."""
    size: Size = (512, 768)
    """Width and height in pixels of a crop, even; crops that do not fill it have half of it, and those that would cut the thing
    at this ratio another of about this area. Nothing is stretched or enlarged."""
    plan: Plan = SD15_PLAN
    """The length of the training, from which repeats follow."""
    caption_reg: bool = False
    """Whether regularisation images get captions, the trigger and their tags, which helps a small text encoder to find the
    trigger in a long prompt. Without, as in kohya's scripts, they are trained under their folder's token."""
    reg_class: str | None = None
    """A class word such as `girl` in the trigger's place in `reg`: regularisation images then keep the base's idea of that class
    (class prior) instead of teaching where on a wearer the thing belongs."""
    left_to_trigger: float | None = None
    """Share of the photos, in [0, 1], from which a tag is left out of all captions: what every photo of a thing shows becomes the
    trigger's meaning. None keeps all tags."""
    boxes: Path | None = None
    """A file of boxes by photo (`trainers.prepare.boxes`) that overrides the locator; None for none."""

    def __post_init__(self) -> None:
        for word in (self.trigger, self.reg_token):
            check_trigger(word)
        if self.size[0] % 2 or self.size[1] % 2 or min(self.size) < 2:
            raise InputError("sizes must be even", f"{self.size[0]}x{self.size[1]}", "use 512x768, for example")

    @property
    def reg_token(self) -> str:
        """The word that regularisation images are trained under."""
        return self.reg_class or self.trigger
