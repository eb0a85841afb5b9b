"""What was seen at other seeds of the same study, for a search that learns from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from optimizer.ledger import trials_of_others
from optimizer.search import Judged
from studies.building import Study


def earlier_trials(study: Study, name: str, prefix: str, storage: str, require: Mapping[str, float]) -> list[list[Judged]]:
    """By seed, but for that of the Optuna study `name`. What LoRAs must show is `require` as it stands now; hands, body and drift
    are as they were judged when drawn."""
    others = trials_of_others(storage, prefix, name, study.space)
    return [[_required(judged, attrs, require) for judged, attrs in trials] for trials in others]


def _required(judged: Judged, attrs: Mapping[str, Any], require: Mapping[str, float]) -> Judged:
    shown = attrs.get("scores", {}).get("expression", {})
    now = {name: least - (shown[name] or 0.0) for name, least in require.items() if name in shown}
    return replace(judged, margins={**judged.margins, **now})
