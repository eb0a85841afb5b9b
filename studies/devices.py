"""The devices that models run on."""

from __future__ import annotations

from typing import Final

from models.errors import InputError
from models.language.translate import phrase

SCORERS_NEED: Final = 3 * 2**30
"""Bytes that scorers of full size need on a device besides the base: ViT-L-14, a SegFormer, and their activations."""


def best_device(name: str) -> str:
    """`name`, or for "auto" the first of CUDA, MPS and CPU that is available."""
    if name != "auto":
        return name
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def check_device(name: str, where: str) -> None:
    """Raises InputError if this machine has no such device. `where` is the key that names it."""
    import torch

    try:
        here = torch.device(name).type != "meta"
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError):
        here = False
    if not here:
        raise InputError(phrase("this machine has no device {name}", name=name[:60]), where, "name auto, cpu, cuda or mps")


def scorers_device(name: str) -> str:
    """`name`, or for "auto" the device that renders if it has memory left, else the CPU. Raises InputError if it is not here."""
    device = best_device(name)
    check_device(device, "scorers.device")
    if name != "auto" or device == "cpu":
        return device
    import torch

    from optimizer.render.memory import free_bytes

    return device if free_bytes(torch.device(device)) >= SCORERS_NEED else "cpu"


def device_label(device: str) -> str:
    """What a measured speed belongs to: the device, with a GPU's model name or the number of CPU threads."""
    import torch

    if device.startswith("cuda") and torch.cuda.is_available():
        return f"{device} {torch.cuda.get_device_name(device)}"
    return f"cpu {torch.get_num_threads()} threads" if device == "cpu" else device
