"""The state of a training on disk, replaced whole, from which a killed run goes on."""

from __future__ import annotations

import io
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import InputError
from models.io.disk import writing
from models.io.files import write_whole

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Checkpoint:
    """One file; `fingerprint` names the training (settings, base, pictures) that it belongs to."""

    path: Path
    fingerprint: str

    def save(self, losses: Sequence[float], parameters: Sequence[Tensor], **states: Any) -> None:
        """Keeps the parameters and the `state_dict` of everything in `states`, and the loss of each step so far.

        Raises InputError if the disk is full or read-only.
        """
        import torch

        held = {
            "fingerprint": self.fingerprint,
            "losses": list(losses),
            "parameters": [p.detach() for p in parameters],
            "states": {name: thing.state_dict() for name, thing in states.items()},
        }
        stream = io.BytesIO()
        torch.save(held, stream)
        with writing(self.path):
            write_whole(self.path, stream.getvalue())

    def load(self, parameters: Sequence[Tensor], **states: Any) -> list[float]:
        """The losses of the steps done; none if there is no checkpoint or it belongs to another training."""
        import torch

        if not self.path.is_file():
            return []
        try:
            held = torch.load(self.path, weights_only=True)
            if held["fingerprint"] != self.fingerprint:
                return []
            with torch.no_grad():
                for parameter, stored in zip(parameters, held["parameters"], strict=True):
                    parameter.copy_(stored)
            for name, thing in states.items():
                thing.load_state_dict(held["states"][name])
            return [float(loss) for loss in held["losses"]]
        except (RuntimeError, OSError, KeyError, ValueError, EOFError, pickle.UnpicklingError) as error:
            raise InputError("a damaged checkpoint", self.path, "delete it to start this training anew") from error

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
