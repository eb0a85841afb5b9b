"""Where LoRAs go: the parts of a base that they may touch, and the layers of each part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from torch import nn

Part = str
"""The name of a model of the base; its family (`models.base.family`) defines which there are."""
DENOISER: Final[Part] = "denoiser"
"""The model that predicts noise: every family has it."""
TEXT: Final[Part] = "text"
TEXT_2: Final[Part] = "text_2"
"""The first and the second text encoder, where a family has them."""


class Site(NamedTuple):
    """A layer of the base: `get_submodule(module)` of the part's model finds it."""

    part: Part
    module: str


def layer_names(model: nn.Module) -> list[str]:
    """Dotted names of the linear and convolution layers, which are those that a LoRA can touch."""
    from torch import nn

    return [name for name, layer in model.named_modules() if isinstance(layer, (nn.Linear, nn.Conv2d))]
