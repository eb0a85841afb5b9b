"""Where the base's models are while images are drawn: on the device all the time, or only while they are needed.

Weights are never changed, so that those of a model that leaves the device are not copied back: main memory has kept them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn


@dataclass(frozen=True)
class Placement:
    device: torch.device
    offload: bool
    """Models wait in main memory until they are needed."""
    staying: Collection[Tensor] = ()
    """Of these models, what stays in main memory then: copies take its place on the device (`models.lora.fold`)."""

    def load(self, models: list[nn.Module]) -> None:
        """Brings the models to the device, or to main memory to wait there."""
        for model in models:
            model.to("cpu" if self.offload else self.device)

    @contextmanager
    def present(self, model: nn.Module) -> Iterator[None]:
        """Within it the model is on the device."""
        if not self.offload:
            yield
            return
        stay = {id(tensor) for tensor in self.staying}
        kinds: list[dict[str, Any]] = [kind for module in model.modules() for kind in (module._parameters, module._buffers)]
        waiting = [(kind, name, own) for kind in kinds for name, own in kind.items() if own is not None and id(own) not in stay]
        moved: dict[int, Tensor] = {}
        try:
            for kind, name, own in waiting:
                if id(own) not in moved:
                    moved[id(own)] = _moved(own, self.device)
                kind[name] = moved[id(own)]
            moved.clear()
            yield
        finally:
            for kind, name, own in waiting:
                kind[name] = own


def _moved(own: Tensor, device: torch.device) -> Tensor:
    from torch import nn

    there = own.detach().to(device)
    return nn.Parameter(there, requires_grad=False) if isinstance(own, nn.Parameter) else there
