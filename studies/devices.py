"""Where models run."""

from __future__ import annotations


def best_device(asked: str) -> str:
    """`asked`, or for "auto" the first of CUDA, MPS and CPU that is there."""
    if asked != "auto":
        return asked
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
