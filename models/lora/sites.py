"""Where LoRAs go: the parts of a base that they may touch, and the layers of each part."""

from __future__ import annotations

from collections.abc import Mapping
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


BIAS: Final = ".bias"


class Site(NamedTuple):
    """A weight of the base: that of the part's `get_submodule(module)`, or its bias where the name ends with `BIAS`."""

    part: Part
    module: str

    @property
    def bias(self) -> Site:
        """The bias of this layer."""
        return Site(self.part, f"{self.module}{BIAS}")

    @property
    def owner(self) -> Site:
        """The layer, of a site that may be its bias."""
        return Site(self.part, self.module.removesuffix(BIAS))

    def shape(self, modules: Mapping[Part, nn.Module]) -> tuple[int, ...] | None:
        """Of its numbers in a base with these modules; None where the layer has no bias."""
        try:
            return tuple(modules[self.part].get_parameter(parameter_name(self.module)).shape)
        except AttributeError:
            return None


def parameter_name(module: str) -> str:
    """What a model calls the numbers of a site."""
    return module if module.endswith(BIAS) else f"{module}.weight"


def layer_names(model: nn.Module) -> list[str]:
    """Dotted names of the linear and convolution layers, which are those that a LoRA of low rank can touch."""
    from torch import nn

    return [name for name, layer in model.named_modules() if isinstance(layer, (nn.Linear, nn.Conv2d))]


def named_layers(model: nn.Module) -> list[str]:
    """The same and the norms with weights, of which files may hold differences."""
    from torch import nn

    norms = (nn.LayerNorm, nn.GroupNorm)
    return [
        name
        for name, layer in model.named_modules()
        if isinstance(layer, (nn.Linear, nn.Conv2d)) or (isinstance(layer, norms) and layer.weight is not None)
    ]
