"""Plugged-in scorers: entry points of the group `huanhua.scorers`.

An entry point names something that is called without arguments and returns an ImageScorer, or a RegionScorer (scorers.regions).
scorers/testing/conformance.py checks either.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, Protocol

from PIL import Image

from models.errors import InputError, first_line
from models.language.translate import phrase
from scorers.regions import RegionScorer

GROUP: Final = "huanhua.scorers"


class ImageScorer(Protocol):
    """Scores whole images for one thing. Observers call it once for each batch of new images."""

    def score(self, images: Sequence[Image.Image]) -> Sequence[float]:
        """For each RGB image, of any size, a number in [0, 1]: 1 is as wanted. The same for an image alone or among others."""


def open_scorers(names: Sequence[str]) -> dict[str, ImageScorer]:
    """Raises InputError for a scorer that is not installed, or does not open."""
    return {name: _opened(_entry(name)) for name in names}


def open_region_scorer(name: str) -> RegionScorer:
    """Raises InputError as `open_scorers`, and for a scorer of whole images alone."""
    found: RegionScorer = _opened(_entry(name), "score_regions")
    return found


def versions_of(names: Sequence[str]) -> dict[str, str]:
    """The release of each scorer, on which stored observations depend. Raises InputError as `open_scorers`."""
    found = {name: _entry(name).dist for name in names}
    return {name: f"{dist.name} {dist.version}" if dist else "" for name, dist in found.items()}


def extra_scores(scorers: Mapping[str, ImageScorer], images: Sequence[Image.Image]) -> list[dict[str, float | None]]:
    """For each image its scores by name; None where a scorer raised, or gave no number in [0, 1]."""
    found: list[dict[str, float | None]] = [{} for _ in images]
    for name, scorer in scorers.items():
        for scores, value in zip(found, _all(scorer, images), strict=True):
            scores[name] = value
    return found


def _all(scorer: ImageScorer, images: Sequence[Image.Image]) -> list[float | None]:
    try:
        values = list(scorer.score(images)) if images else []
        if len(values) == len(images):
            return [_checked(value) for value in values]
    except Exception:  # a stranger's code: one image that it fails on must not cost the others their scores
        if len(images) == 1:
            return [None]
    return [_all(scorer, [image])[0] for image in images] if len(images) > 1 else [None]


def _checked(value: float) -> float | None:
    number = float(value)
    return round(number, 5) if math.isfinite(number) and 0 <= number <= 1 else None


def _entry(name: str) -> EntryPoint:
    installed = entry_points(group=GROUP)
    for entry in installed:
        if entry.name == name:
            return entry
    there = ", ".join(sorted(installed.names)) or phrase("none is")
    raise InputError(
        "no scorer of this name is installed",
        name,
        phrase("pip install the package that brings it (installed: {there})", there=there),
    )


def _opened(entry: EntryPoint, method: str = "score") -> Any:
    try:
        scorer = entry.load()()
    except Exception as error:  # a stranger's code
        raise InputError(
            phrase("the scorer does not open ({reason})", reason=first_line(error)),
            entry.name,
            phrase("see the page of {value}", value=entry.value),
        ) from error
    if not callable(getattr(scorer, method, None)):
        other = "score_regions" if method == "score" else "score"
        how = {"score": f"{entry.name}: 0.5", "score_regions": f"{entry.name}: {{LORA: 0.5}}"}
        known = callable(getattr(scorer, other, None))
        mend = phrase("write it as extra: {{{how}}}", how=how[other]) if known else "see docs/scorers.md for what one is"
        raise InputError(phrase("the scorer has no `{method}`", method=method), entry.name, mend)
    return scorer
