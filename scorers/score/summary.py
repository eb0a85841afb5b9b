"""An observation as plain values for programs: where things were seen, and how many."""

from __future__ import annotations

from typing import Any

from scorers.observe.observation import HandObservation, Observation
from scorers.score.identity import SMALL, face_width
from scorers.score.judgeable_hands import SMALLEST


def summary_of(observation: Observation) -> dict[str, Any]:
    """JSON values; boxes are left, top, right, bottom in shares of width and height."""
    return {
        "regions": {kind: list(region.box) for kind, region in observation.regions.items()},
        "face": _face(observation),
        "hands_seen": [_hand(hand) for hand in observation.hands],
        "extra": dict(observation.extra),
        "heads": observation.heads,
        "feet": observation.feet,
    }


def _face(observation: Observation) -> dict[str, Any] | None:
    face, width = observation.face, face_width(observation)
    if face is None or width is None:
        return None
    return {"box": list(face.box), "score": face.score, "width": round(width, 1), "reliable": width >= SMALL}


def _hand(hand: HandObservation) -> dict[str, Any]:
    return {"box": list(hand.box), "size": hand.size, "broken": hand.broken if hand.size >= SMALLEST else None}
