"""What `doctor` looks at."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from models.errors import InputError


def library_line(name: str) -> tuple[str, bool]:
    """Its version in a line, and whether it is there."""
    try:
        return f"library    {name} {version(name)}", True
    except PackageNotFoundError:
        return f"library    {name} MISSING", False


def device_line() -> str:
    """The device that `auto` chooses; a CPU build of torch beside a GPU is pointed out."""
    import shutil

    import torch

    from studies.devices import best_device

    device = best_device("auto")
    threads = torch.get_num_threads()
    if device == "cpu" and shutil.which("nvidia-smi"):
        return f"device     cpu, {threads} threads: AN NVIDIA GPU IS HERE BUT THIS TORCH CANNOT USE IT"
    if device == "cuda":
        free, total = torch.cuda.mem_get_info()
        return f"device     {torch.cuda.get_device_name()}, {free / 2**30:.1f} of {total / 2**30:.1f} GiB free"
    return f"device     {device}, {threads} threads, AMX {'yes' if _has_amx() else 'no'}"


def _has_amx() -> bool:
    from pathlib import Path

    info = Path("/proc/cpuinfo")
    return info.exists() and "amx_bf16" in info.read_text()


def lab_lines() -> Iterator[tuple[str, bool]]:
    """Opens each of the lab's models with the loaders that open real ones."""
    from models.base import open_base
    from studies.building import open_observer
    from studies.paperdoll.bundle import WEIGHTS, scorers

    try:
        open_base(WEIGHTS / "base")
        yield "lab        base opens", True
        open_observer(scorers(), WEIGHTS)
        yield "lab        scorers open", True
    except InputError as error:
        yield f"lab        {error}", False
