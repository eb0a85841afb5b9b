"""How often one client may ask: a bucket of requests each, which fills again as time passes."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

CLIENTS: Final = 1024
"""Whose buckets are kept: the one that asked longest ago is forgotten, which only gives it a full one."""


@dataclass(frozen=True)
class Allowance:
    """Requests at once, and those that come back each second."""

    burst: float
    per_s: float


READS: Final = Allowance(3000, 300)
"""A page of two hundred cards and a thousand trials asks for as many small pictures; several may be open."""
WRITES: Final = Allowance(240, 20)
TOKENS: Final = Allowance(10, 0.1)
"""Wrong tokens."""


class Rate:
    """Of one kind of requests. For one event loop."""

    def __init__(self, allowance: Allowance, clock: Callable[[], float] = time.monotonic) -> None:
        self._allowance, self._clock = allowance, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, client: str) -> int:
        """0, and the request is counted; or the whole seconds, at least 1, until this client may ask again."""
        left = self._now(client)
        if left < 1:
            return max(1, math.ceil((1 - left) / self._allowance.per_s))
        self._put(client, left - 1)
        return 0

    def is_spent(self, client: str) -> int:
        """As `wait_s`, and nothing is counted."""
        left = self._now(client)
        return 0 if left >= 1 else max(1, math.ceil((1 - left) / self._allowance.per_s))

    def _now(self, client: str) -> float:
        left, seen = self._left.get(client, (self._allowance.burst, self._clock()))
        return min(self._allowance.burst, left + (self._clock() - seen) * self._allowance.per_s)

    def _put(self, client: str, left: float) -> None:
        self._left[client] = left, self._clock()
        self._left.move_to_end(client)
        while len(self._left) > CLIENTS:
            self._left.popitem(last=False)
