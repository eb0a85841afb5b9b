"""The state of a training on disk, replaced whole, from which a killed run resumes."""

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
    """One checkpoint file."""

    path: Path
    """The file."""
    fingerprint: str
    """Identifies the training (settings, base, images) that it belongs to."""

    def save(self, losses: Sequence[float], parameters: Sequence[Tensor], **states: Any) -> None:
        """Stores the loss of each step so far, the parameters, and the `state_dict` of everything in `states`.

        Raises InputError if the disk is full or read-only.
        """
        import torch

        content = {
            "fingerprint": self.fingerprint,
            "losses": list(losses),
            "parameters": [p.detach() for p in parameters],
            "states": {name: state.state_dict() for name, state in states.items()},
        }
        stream = io.BytesIO()
        torch.save(content, stream)
        with writing(self.path):
            write_whole(self.path, stream.getvalue())

    def load(self, parameters: Sequence[Tensor], **states: Any) -> list[float]:
        """Loads the parameters and `states`; returns the loss of each step done, none without a checkpoint of this training.

        Raises InputError for a damaged file.
        """
        import torch

        if not self.path.is_file():
            return []
        try:
            content = torch.load(self.path, weights_only=True)
            if content["fingerprint"] != self.fingerprint:
                return []
            with torch.no_grad():
                for parameter, stored in zip(parameters, content["parameters"], strict=True):
                    parameter.copy_(stored)
            for name, state in states.items():
                state.load_state_dict(content["states"][name])
            return [float(loss) for loss in content["losses"]]
        except (RuntimeError, OSError, KeyError, ValueError, EOFError, pickle.UnpicklingError) as error:
            raise InputError("a damaged checkpoint", self.path, "delete it to start this training anew") from error

    def remove(self) -> None:
        """Deletes the file, if there is one."""
        self.path.unlink(missing_ok=True)
