"""Images of several people: each figure is scored by itself, and the image is as good as its worst figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from models.language.translate import phrase


def faults_by_figure(each: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """All faults, each with the name of its figure: `anna: 3 hands`."""
    return tuple(phrase("{figure}: {fault}", figure=name, fault=fault) for name, faults in each.items() for fault in faults)
