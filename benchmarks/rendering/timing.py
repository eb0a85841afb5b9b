"""Ways to call a UNet, timed in turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Way:
    """One way to draw: `enter` is entered around every call."""

    name: str
    unet: Callable[..., Any]
    enter: Callable[[], AbstractContextManager[None]] = nullcontext


def turns(ways: Sequence[Way], arguments: tuple[Tensor, Tensor, Tensor], rounds: int) -> dict[str, float]:
    """Median seconds of a call, all ways taking turns, the first call of each not counted."""
    seconds: dict[str, list[float]] = {way.name: [] for way in ways}
    for _ in range(rounds + 1):
        for way in ways:
            with torch.no_grad(), way.enter():
                seconds[way.name].append(timed(partial(way.unet, *arguments, return_dict=False)))
    return {name: statistics.median(taken[1:]) for name, taken in seconds.items()}


def timed(call: Callable[[], object]) -> float:
    wait()
    began = time.perf_counter()
    call()
    wait()
    return time.perf_counter() - began


def wait() -> None:
    """Until the device has done what it was given."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
