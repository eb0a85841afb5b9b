"""Where the base's models are while images are drawn: on the device all the time, or only while they are needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class Placement:
    device: torch.device
    offload: bool
    """Models wait in main memory until they are needed."""

    def load(self, models: list[nn.Module]) -> None:
        """Brings the models to the device, unless they wait elsewhere."""
        if not self.offload:
            for model in models:
                model.to(self.device)

    @contextmanager
    def present(self, model: nn.Module) -> Iterator[None]:
        """Within it the model is on the device."""
        if not self.offload:
            yield
            return
        model.to(self.device)
        try:
            yield
        finally:
            model.to("cpu")
