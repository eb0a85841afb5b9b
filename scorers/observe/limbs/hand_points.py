"""Hands as keypoints."""

from __future__ import annotations

from collections.abc import Sequence

from scorers.observe.observation import HandObservation


def hand_points(hands: Sequence[HandObservation], size: tuple[int, int]) -> tuple[tuple[float, float], ...]:
    """The middles of the hands' boxes, in heights of an image of `size` (width, height)."""
    ratio = size[0] / size[1]
    boxes = [hand.box for hand in hands]
    return tuple(sorted((round((b[0] + b[2]) / 2 * ratio, 5), round((b[1] + b[3]) / 2, 5)) for b in boxes))
