"""What a sitting is worth: the levels into the study file, and what each seed's pick becomes by them. Nothing is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scorers.levels.psychometric import Level
from studies.levels.require import set_required
from studies.levels.sitting import Sitting
from studies.run.outcome import Outcome
from studies.run.stored_results import stored_outcomes
from studies.spec import read_spec
from studies.study import Study, open_study


@dataclass(frozen=True)
class Settled:
    """A study file that requires what a person said."""

    levels: Mapping[str, Level]
    before: Mapping[str, float]
    """What was required of the same LoRAs."""
    outcomes: Sequence[tuple[Outcome, Outcome]]
    """By seed, judged by the requirements before and after."""

    def as_json(self) -> dict[str, Any]:
        """JSON values, for programs."""
        return {
            "levels": {
                name: {"level": round(found.value, 2), "low": round(found.low, 3), "high": round(found.high, 3)}
                for name, found in self.levels.items()
            },
            "before": dict(self.before),
            "seeds": [{"before": old.as_json(), "after": new.as_json()} for old, new in self.outcomes],
        }


def settle(study: Study, file: Path, sitting: Sitting, seed: int | None = None) -> Settled:
    """Ends a sitting: `search.require` of the study file gets its levels, and stored observations are judged again.

    Raises InputError if the file cannot be edited; it then stays as it was, and the answers are kept.
    """
    levels = sitting.levels()
    before, old = {name: read_spec(file).required(name) for name in levels}, stored_outcomes(study, seed)
    set_required(file, {name: level.value for name, level in levels.items()})
    sitting.end()
    again = open_study(file, study.workspace.root)
    return Settled(levels, before, list(zip(old, stored_outcomes(again.on(study.backend), seed), strict=True)))
