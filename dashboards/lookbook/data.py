"""What the page's script reads: a seed's trials as JSON that can stand inside HTML."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from dashboards.lookbook.book import Dial, Need, SeedStory, Trial
from dashboards.lookbook.frame import Framer
from dashboards.lookbook.gallery import Shown

UNSAFE: Final = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"}
"""Letters that could end a script element or a line of script; JSON holds them only in strings, where escapes mean the same."""


def as_script(value: Any) -> str:
    """JSON for a script element. Raises ValueError for NaN and infinities, which are no JSON."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).translate(UNSAFE)


def story_data(story: SeedStory, dials: Sequence[Dial], shown: Sequence[Shown], framer: Framer) -> dict[str, Any]:
    """Lists in the order of dials and needs: names come from strangers and would be poor keys."""
    return {
        "seed": story.seed,
        "dials": [{"name": d.name, "low": d.low, "high": d.high, "step": d.step, "start": d.start} for d in dials],
        "needs": [{"name": n.name, "measure": n.measure, "limit": n.limit, "least": n.at_least} for n in story.needs],
        "trials": [_trial(trial, story.needs, s, framer) for trial, s in zip(story.trials, shown, strict=True)],
        "pick": story.pick,
        "nearest": story.nearest,
    }


def _trial(trial: Trial, needs: Sequence[Need], shown: Shown, framer: Framer) -> dict[str, Any]:
    places = {need.name: place for place, need in enumerate(needs)}
    return {
        "number": trial.number,
        "at": list(trial.at),
        "cost": _short(trial.cost),
        "scores": [_short(trial.scores.get(need.name)) for need in needs],
        "breaks": [[places[name], _short(by)] for name, by in trial.breaks.items()],
        "faults": list(trial.faults),
        "failed": trial.failed,
        "rating": trial.rating,
        "bare": framer.veils(trial),
        "image": shown.file,
        "size": [shown.width, shown.height],
    }


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
