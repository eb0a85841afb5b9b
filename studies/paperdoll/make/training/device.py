"""What the lab's models are trained on: a GPU if there is one, and bfloat16 where it is quick."""

from __future__ import annotations

import torch

from models.precision import multiplies_in_bfloat16

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def mixed() -> torch.autocast:
    """Arithmetic in bfloat16 where the device has instructions for it, in float32 elsewhere."""
    return torch.autocast(DEVICE.type, torch.bfloat16, enabled=multiplies_in_bfloat16(DEVICE))
