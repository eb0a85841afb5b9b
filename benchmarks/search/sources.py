"""Hashes of the code that stored runs came from: runs of other code are not mixed with them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
SEARCH: Final = (
    "optimizer/point.py",
    "optimizer/search/*.py",
    "optimizer/search/least_weight/*.py",
    "optimizer/testing/fake_landscape.py",
    "optimizer/testing/landscape.py",
    "benchmarks/search/cases.py",
    "benchmarks/search/replays.py",
)
YARDSTICKS: Final = (
    "optimizer/search/samplers/coarse_to_fine.py",
    "optimizer/testing/landscape.py",
    "benchmarks/search/others/ngopt.py",
    "benchmarks/search/yardsticks.py",
)
ALL_IN: Final = (
    "optimizer/point.py",
    "optimizer/search/*.py",
    "optimizer/search/samplers/optuna_samplers.py",
    "optimizer/testing/landscape.py",
    "benchmarks/search/others/bisection.py",
    "benchmarks/search/others/botorch_sampler.py",
    "benchmarks/search/cases.py",
    "benchmarks/search/raised.py",
    "benchmarks/search/refined.py",
)
"""What benchmarks/search/all_in.py runs besides the project's own sampler."""


@lru_cache
def all_in_sources() -> str:
    return _hash(ALL_IN)


@lru_cache
def search_sources() -> str:
    return _hash(SEARCH)


@lru_cache
def yardstick_sources() -> str:
    return _hash(YARDSTICKS)


def _hash(patterns: Sequence[str]) -> str:
    """Raises FileNotFoundError if a pattern names no file: one that has moved would go unnoticed."""
    digest = hashlib.sha256()
    for pattern in patterns:
        files = sorted(ROOT.glob(pattern))
        if not files:
            raise FileNotFoundError(ROOT / pattern)
        for file in files:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
