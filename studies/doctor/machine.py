"""The lines of `doctor` on a machine, and whether each is well."""

from __future__ import annotations

import gc
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, metadata, version
from pathlib import Path
from typing import Final, TypeAlias

from models.errors import InputError

Line: TypeAlias = tuple[str, bool]

EXTRAS: Final = {"ray": "ray", "psycopg": "postgres", "onnx": "lab"}
"""Libraries that not every study needs, and the extra that brings them."""
LICENCE_LENGTH: Final = 60
"""Letters of a licence's name; a longer first line is the licence itself."""
GPU_SIGNS: Final = ("/proc/driver/nvidia/version", "/dev/nvidia0", "/dev/dxg")


def python_line() -> Line:
    return f"python     {platform.python_version()} on {platform.system()} {platform.machine()}", True


def library_line(name: str) -> Line:
    """Version and licence; how to get it where it is missing."""
    try:
        return f"library    {name} {version(name)}, {_licence(name)}", True
    except PackageNotFoundError:
        return f"library    {name} MISSING: pip install -c constraints.txt .", False


def extra_line(name: str, extra: str) -> Line:
    try:
        return f"extra      {name} {version(name)}, {_licence(name)}", True
    except PackageNotFoundError:
        return f"extra      {name} is not here; where it is needed: pip install 'huanhua[{extra}]'", True


def _licence(name: str) -> str:
    """From the package's metadata: an SPDX expression, the first line of the older field if it is short, or classifiers."""
    package = metadata(name)
    # get_all, because some versions of importlib raise KeyError where a field is missing.
    expression, text = (" ".join((package.get_all(field) or [])[:1]) for field in ("License-Expression", "License"))
    first = text.strip().splitlines()[:1]
    licence = expression or (first[0] if first and len(first[0]) <= LICENCE_LENGTH else "")
    marks = [c.rsplit(" :: ", 1)[-1] for c in package.get_all("Classifier") or [] if c.startswith("License")]
    return licence or ", ".join(marks) or "licence not stated"


@contextmanager
def unswept() -> Iterator[None]:
    """Nothing looks for unused cycles among the objects that are made within it, nor later: importing torch and diffusers makes
    millions, which all stay, and looking through them, once more at the end of the process, takes a quarter of the time."""
    swept = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if swept:
            gc.enable()


def device_lines() -> Iterator[Line]:
    """Every device; a torch that cannot use a GPU that is there is pointed out."""
    with unswept():
        import torch

    from studies.devices import best_device

    device = best_device("auto")
    for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        free, total = torch.cuda.mem_get_info(index)
        yield f"device     cuda:{index} {torch.cuda.get_device_name(index)}, {_gib(free)} of {_gib(total)} GiB free", True
    if device == "mps":
        yield "device     mps", True
    if device == "cpu":
        yield f"device     cpu, {torch.get_num_threads()} threads, AMX {'yes' if _has_amx() else 'no'}", True
    if device == "cpu" and gpu_is_here():
        yield unused_gpu(torch.version.cuda), False


def gpu_is_here() -> bool:
    """An NVIDIA GPU with its driver, whatever torch thinks of it."""
    return shutil.which("nvidia-smi") is not None or any(Path(sign).exists() for sign in GPU_SIGNS)


def unused_gpu(built_for: str | None) -> str:
    if built_for is None:
        what, mend = "THIS TORCH IS BUILT FOR THE CPU ALONE", "pip uninstall torch torchvision, then pip install them from PyPI"
    else:
        what, mend = f"TORCH FOR CUDA {built_for} DOES NOT REACH IT", "see that nvidia-smi works and its driver is new enough"
    return f"device     AN NVIDIA GPU IS HERE, BUT {what}, SO IMAGES TAKE MINUTES: {mend}"


def _has_amx() -> bool:
    info = Path("/proc/cpuinfo")
    return info.exists() and "amx_bf16" in info.read_text()


def memory_lines(folder: Path) -> Iterator[Line]:
    """Main memory, and what the disk of `folder` has left."""
    import psutil

    memory = psutil.virtual_memory()
    yield f"memory     {_gib(memory.available)} of {_gib(memory.total)} GiB free", True
    free = shutil.disk_usage(folder).free
    enough = free > 2**30
    yield f"disk       {_gib(free)} GiB free{'' if enough else ': TOO LITTLE, make room'}", enough


def _gib(size: float) -> str:
    return f"{size / 2**30:.1f}"


def lab_lines() -> Iterator[Line]:
    """Opens each of the lab's models with the loaders that open real ones: that an installation imports and opens is only known
    by doing so."""
    with unswept():
        lines = [*_opened_lab()]
    yield from lines


def _opened_lab() -> Iterator[Line]:
    from models.base.opening import open_base
    from studies.observers.opening import open_observer
    from studies.paperdoll.bundle import WEIGHTS, scorers

    try:
        open_base(WEIGHTS / "base")
        yield "lab        base opens", True
        open_observer(scorers(), WEIGHTS)
        yield "lab        scorers open", True
    except InputError as error:
        yield f"lab        {error}", False
