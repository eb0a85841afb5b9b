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
from models.language.translate import Phrase, joined, labelled, phrase

Line: TypeAlias = tuple[str, bool]

LABEL: Final = 10
"""Columns of what stands left in each line."""

EXTRAS: Final = {"ray": "ray", "psycopg": "postgres", "onnx": "lab"}
"""Libraries that not every study needs, and the extra that brings them."""
LICENCE_LENGTH: Final = 60
"""Letters of a licence's name; a longer first line is the licence itself."""
GPU_SIGNS: Final = ("/proc/driver/nvidia/version", "/dev/nvidia0", "/dev/dxg")


def python_line() -> Line:
    system = f"{platform.system()} {platform.machine()}"
    return labelled("python", LABEL, phrase("{version} on {system}", version=platform.python_version(), system=system)), True


def library_line(name: str) -> Line:
    """Version and licence; how to get it where it is missing."""
    try:
        return labelled("library", LABEL, joined(", ", [f"{name} {version(name)}", _licence(name)])), True
    except PackageNotFoundError:
        what = phrase("{name} MISSING: {command}", name=name, command="pip install -c constraints.txt .")
        return labelled("library", LABEL, what), False


def extra_line(name: str, extra: str) -> Line:
    try:
        return labelled("extra", LABEL, joined(", ", [f"{name} {version(name)}", _licence(name)])), True
    except PackageNotFoundError:
        command = f"pip install 'huanhua[{extra}]'"
        what = phrase("{name} is not here; where it is needed: {command}", name=name, command=command)
        return labelled("extra", LABEL, what), True


def _licence(name: str) -> str:
    """From the package's metadata: an SPDX expression, the first line of the older field if it is short, or classifiers."""
    package = metadata(name)
    # get_all, because some versions of importlib raise KeyError where a field is missing.
    expression, text = (" ".join((package.get_all(field) or [])[:1]) for field in ("License-Expression", "License"))
    first = text.strip().splitlines()[:1]
    licence = expression or (first[0] if first and len(first[0]) <= LICENCE_LENGTH else "")
    marks = [c.rsplit(" :: ", 1)[-1] for c in package.get_all("Classifier") or [] if c.startswith("License")]
    return licence or ", ".join(marks) or phrase("licence not stated")


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
        name = f"cuda:{index} {torch.cuda.get_device_name(index)}"
        yield labelled("device", LABEL, joined(", ", [name, _free(free, total)])), True
    if device == "mps":
        yield labelled("device", LABEL, "mps"), True
    if device == "cpu":
        amx = phrase("yes") if _has_amx() else phrase("no")
        threads = torch.get_num_threads()
        yield labelled("device", LABEL, phrase("cpu, {threads} threads, AMX {amx}", threads=threads, amx=amx)), True
    if device == "cpu" and gpu_is_here():
        yield unused_gpu(torch.version.cuda), False


def gpu_is_here() -> bool:
    """An NVIDIA GPU with its driver, whatever torch thinks of it."""
    return shutil.which("nvidia-smi") is not None or any(Path(sign).exists() for sign in GPU_SIGNS)


def unused_gpu(built_for: str | None) -> str:
    if built_for is None:
        what = phrase("THIS TORCH IS BUILT FOR THE CPU ALONE")
        mend = phrase("pip uninstall torch torchvision, then pip install them from PyPI")
    else:
        what = phrase("TORCH FOR CUDA {version} DOES NOT REACH IT", version=built_for)
        mend = phrase("see that nvidia-smi works and its driver is new enough")
    text = phrase("AN NVIDIA GPU IS HERE, BUT {what}, SO IMAGES TAKE MINUTES: {mend}", what=what, mend=mend)
    return labelled("device", LABEL, text)


def _has_amx() -> bool:
    info = Path("/proc/cpuinfo")
    return info.exists() and "amx_bf16" in info.read_text()


def memory_lines(folder: Path) -> Iterator[Line]:
    """Main memory, and what the disk of `folder` has left."""
    import psutil

    memory = psutil.virtual_memory()
    yield labelled("memory", LABEL, _free(memory.available, memory.total)), True
    free = shutil.disk_usage(folder).free
    enough = free > 2**30
    what = (
        phrase("{free} GiB free", free=_gib(free))
        if enough
        else phrase("{free} GiB free: TOO LITTLE, make room", free=_gib(free))
    )
    yield labelled("disk", LABEL, what), enough


def _free(free: float, total: float) -> Phrase:
    return phrase("{free} of {total} GiB free", free=_gib(free), total=_gib(total))


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
        yield labelled("lab", LABEL, phrase("base opens")), True
        open_observer(scorers(), WEIGHTS)
        yield labelled("lab", LABEL, phrase("scorers open")), True
    except InputError as error:
        yield labelled("lab", LABEL, error.told()), False
