"""What a run found at one seed, as values that can be shown, stored and exported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from models.language.translate import phrase
from optimizer.control.control import as_tables
from optimizer.point import Point
from optimizer.schedules.schedule import as_pairs
from optimizer.search.judged_point import Judged
from optimizer.search.proof import Proof
from optimizer.search.robustness import Robustness
from optimizer.search.stopping import Ended
from optimizer.search.strategy import Phase
from optimizer.search.verdict import Verdict, claim_of, own_image, verdict_of
from scorers.noise.noise import chance_met
from scorers.score.base import Limit
from scorers.score.constraints import Constraint
from scorers.score.scores import Scores
from studies.references.source import Source
from studies.run.dashboard.ratings import Rating
from studies.run.large.large import Large
from studies.run.mended.mended import Mended
from studies.run.verdicts.as_json import robustness_json, rounded
from studies.run.verdicts.weights import weights_line

NOTHING: Final = "no weights meet every requirement"
"""The claim where there is no pick."""


@dataclass(frozen=True)
class TrialRecord:
    """One finished trial."""

    number: int
    """In the Optuna study of its seed."""
    phase: Phase
    judged: Judged
    """Its cost and violations: the worst of its own image and those of `robustness`, if the outcome judges it so."""
    scores: Scores
    image: Path
    rating: Rating | None = None
    """A person's rating."""
    bare: bool = False
    """Whether it may show a figure with little clothing."""
    robustness: Robustness | None = None
    """Its neighbours at w +- `search.robustness`, where they were rendered."""
    constraints: tuple[Constraint, ...] = ()
    """Those of its own image."""
    robustness_off: float = 0.0
    """By how much of weight it must hold; 0 requires nothing."""
    noise: Mapping[str, float] = field(default_factory=dict)
    """Standard deviation of each constraint's value, in its units, over moved copies of its own image, which show the same;
    without those that count faults. Empty where they were not looked at."""
    lower_of: Point | None = None
    """The point whose lower neighbour it was drawn as; None for a point of the grid."""
    unsteady: Mapping[str, int] = field(default_factory=dict)
    """By score that counts faults, how many of those copies are judged otherwise than most."""
    files: Mapping[str, str] = field(default_factory=dict)
    """By LoRA of several files (epochs), the label of the one that drew it."""

    def weights_line(self, between: str = "  ") -> str:
        """`dress 0.40 (dress-000004) [25-75%]  shoes 0.35`: a LoRA of several files with the one that drew it, one that does not
        act in all steps with those in which it does; then ControlNets that act, with their strengths."""
        return weights_line(self.judged.point, self.files, between)

    @property
    def chance_met(self) -> float | None:
        """The probability, in [0, 1], that its own image truly meets everything, in spite of noise; None where that was not
        measured."""
        return chance_met(own_image(self.judged).violations, self.noise) if self.noise else None

    @property
    def chance_violated(self) -> float | None:
        """The same, that it truly violates something; that of a neighbour counts where `judged` counts it."""
        return 1 - chance_met(self.judged.violations, self.noise) if self.noise else None

    @property
    def verdict(self) -> Verdict:
        return verdict_of(self.judged, self.robustness, self.robustness_off)

    def params(self) -> dict[str, float | str]:
        point = self.judged.point
        found: dict[str, float | str] = {f"weight.{n}": w for n, w in point.weights.items()}
        files = {f"file.{n}": label for n, label in self.files.items()}
        schedules = {f"schedule.{n}": str(s) for n, s in point.acting_schedules().items()}
        controls = {f"control.{n}": str(c) for n, c in point.acting_controls().items()}
        return found | files | schedules | controls | {"cfg": point.cfg} | dict.fromkeys(point.prompt_edits, 1.0)

    def metrics(self) -> dict[str, float | None]:
        s = self.scores
        own = own_image(self.judged)
        found: dict[str, float | None] = {"cost": own.cost, "feasible": float(own.feasible)}
        found |= {f"raw.{n}": v for n, v in s.raw.items()}
        found |= {f"score.{n}": v for n, v in s.expression.items()}
        # "margin" is the name under which trackers have always stored violations.
        found |= {f"margin.{n}": v for n, v in own.violations.items()}
        found |= {f"extra.{n}": v for n, v in s.extra.items()}
        return found | s.graded

    def tags(self) -> dict[str, str]:
        """`feasible` and `breaks` are of its own image; the verdict counts its neighbours too."""
        own = own_image(self.judged)
        broken = ", ".join(name for name, by in own.violations.items() if not by <= 0)
        return {"phase": self.phase, "verdict": self.verdict.word, "feasible": "yes" if own.feasible else "no", "breaks": broken}

    def as_json(self) -> dict[str, Any]:
        s = self.scores
        return {
            "trial": self.number,
            "weights": dict(self.judged.point.weights),
            **({"files": dict(self.files)} if self.files else {}),
            **({"schedules": as_pairs(schedules)} if (schedules := self.judged.point.acting_schedules()) else {}),
            **({"controls": as_tables(controls)} if (controls := self.judged.point.acting_controls()) else {}),
            "cfg": self.judged.point.cfg,
            "levers": list(self.judged.point.prompt_edits),
            "total_weight": round(self.judged.cost, 4),
            "scores": {n: None if v is None else round(v, 4) for n, v in s.expression.items()},
            "raw": {n: round(v, 4) for n, v in s.raw.items()},
            **({"parts": {n: [part.to_json() for part in shown] for n, shown in s.parts.items()}} if s.parts else {}),
            **{name: value.to_json(4) for name, value in s.whole.items()},
            "verdict": self.verdict.word,
            "breaks": self.breaks(),
            "rating": None if self.rating is None else self.rating.as_json(),
            "bare": self.bare,
            "image": str(self.image),
        }

    def breaks(self) -> list[str]:
        """The names of the violated constraints, those of its neighbours included where they count."""
        return [name for name, violation in self.judged.violations.items() if not violation <= 0]


@dataclass(frozen=True)
class Outcome:
    """The trials of one seed, judged by the requirements as they are now."""

    seed: int
    trials: tuple[TrialRecord, ...]
    pick: Judged | None
    """The point that a person chose, or else the cheapest feasible one; None if nothing is feasible."""
    proof: Proof | None
    """The proof of `found` while it is the pick."""
    nearest: Judged | None
    """The point closest to being feasible."""
    require: Mapping[str, float]
    """The least expression of each LoRA."""
    limits: tuple[Limit, ...] = ()
    """The most that each score of the whole image may be."""
    by_hand: bool = False
    """Whether a person chose the pick."""
    found: Judged | None = None
    """The cheapest feasible point."""
    stopped: str = ""
    """Why the search ended, in words; empty where stored trials are shown."""
    ended: Ended | None = None
    """Why the search ended; None where it goes on, or was killed."""
    references: Mapping[str, Source] = field(default_factory=dict)
    """What each searched LoRA is compared with."""
    unmeasurable: tuple[str, ...] = ()
    """Required LoRAs of which nothing alone or at the start shows more than noise: nothing can be feasible at this seed."""
    notes: tuple[str, ...] = ()
    """What is not as it was when the references were recorded, a line each."""
    spread: Mapping[str, float] = field(default_factory=dict)
    """By how much the reference photos of each LoRA differ among themselves, in units of its expression."""
    robustness_off: float = 0.0
    """By how much of weight the pick must hold; 0 requires nothing."""
    regions: Mapping[str, str] = field(default_factory=dict)
    """Where the LoRAs that have a region act, in words."""
    schedules: Mapping[str, str] = field(default_factory=dict)
    """In which steps the LoRAs act that do not act in all of them, at the pick or what is nearest to one, in words."""
    controls: Mapping[str, str] = field(default_factory=dict)
    """Of the ControlNets that act at the pick or what is nearest to one, what each is told and how strongly it acts, in words."""
    regionable: tuple[str, ...] = ()
    """LoRAs that have none and could be given one."""
    schedulable: tuple[str, ...] = ()
    """LoRAs whose schedule is neither given nor searched, and could be."""
    mended: Mended | None = None
    """What is kept beside the picture of `shown`."""
    large: Large | None = None
    """The same picture, or its mended one, enlarged."""
    mendable: bool = False
    """Whether what draws the study can redraw a part of a picture."""

    @property
    def shown(self) -> TrialRecord | None:
        """The trial to look at: the pick, or the nearest where nothing is feasible; None where nothing was drawn."""
        judged = self.pick or self.nearest
        return None if judged is None else self.record(judged)

    def record(self, judged: Judged) -> TrialRecord:
        """The trial of a point; that of its lower neighbour where no image of its own was needed."""
        return record_of(self.trials, judged)

    def below(self, judged: Judged) -> float:
        """How much lower than a point all weights of its trial are: 0 but where its lower neighbour stands for it."""
        return self.robustness_off if self.record(judged).lower_of is not None else 0.0

    @property
    def claim(self) -> str:
        """What may be said of the pick, in a few words: `the least that works` only where that is proven."""
        if self.pick is None:
            return NOTHING
        verdict = self.record(self.pick).verdict
        if self.by_hand:
            return phrase("chosen by hand, {verdict}", verdict=phrase(verdict.word))
        return claim_of(verdict, proven=self.proof is not None and self.proof.complete)

    @property
    def robustness_missing(self) -> bool:
        """Whether the robustness of the search's pick is required and was not rendered, or not whole."""
        if self.pick is None or self.by_hand or self.robustness_off == 0:
            return False
        robustness = self.record(self.pick).robustness
        return robustness is None or robustness.next_side is not None

    def as_json(self) -> dict[str, Any]:
        """For programs: `huanhua show --json`."""
        shown = self.pick or self.nearest
        record = self.record(shown) if shown else None
        return {
            "seed": self.seed,
            "feasible": self.pick is not None and self.pick.feasible,
            "claim": self.claim,
            "ended": None if self.ended is None else self.ended.value,
            "trials": len(self.trials),
            "pick": self.record(self.pick).as_json() if self.pick else None,
            "feasible_with": rounded(record.chance_met) if self.pick and record else None,
            "chosen_by": None if self.pick is None else "hand" if self.by_hand else "search",
            "found": self.record(self.found).number if self.found else None,
            "unmeasurable": list(self.unmeasurable),
            "proof": self._proof_json(),
            "robustness": self._robustness_json(),
            "margin": self._robustness_json(),  # the older name of "robustness"
            "noise": {n: round(v, 4) for n, v in self.spread.items()},
            "score_noise": {} if record is None else {n: round(v, 4) for n, v in record.noise.items()},
            "unsteady": {} if record is None else dict(record.unsteady),
            "nearest": None if self.pick or not record else {**record.as_json(), "blocked_by": shown.worst[0] if shown else None},
            "ratings": {str(t.number): t.rating.as_json() for t in self.trials if t.rating is not None},
            "require": {**self.require, **{f"{limit.name} at most": limit.value for limit in self.graded_limits}},
            "references": dict(self.references),
            **({"regions": dict(self.regions)} if self.regions else {}),
            **({"schedules": dict(self.schedules)} if self.schedules else {}),
            **({"controls": as_tables(controls)} if shown and (controls := shown.point.acting_controls()) else {}),
            **({"mended": self.mended.as_json()} if self.mended else {}),
            **({"large": self.large.as_json()} if self.large else {}),
            "notes": list(self.notes),
        }

    @property
    def graded_limits(self) -> tuple[Limit, ...]:
        """The limits of scores that are numbers."""
        return tuple(limit for limit in self.limits if not limit.score.counted)

    def _robustness_json(self) -> dict[str, Any] | None:
        """None where robustness is not required, or there is no pick; `holds` is null where it was not rendered."""
        if self.robustness_missing:
            return {"off": self.robustness_off, "holds": None, "breaks": {}}
        robustness = None if self.pick is None else self.record(self.pick).robustness
        return None if robustness is None else robustness_json(robustness)

    def _proof_json(self) -> dict[str, Any] | None:
        if self.proof is None:
            return None
        steps: dict[str, dict[str, Any]] = {}
        for name, lower in self.proof.steps.items():
            if lower is None:
                steps[name] = {"drawn": False}
                continue
            record = self.record(lower)
            steps[name] = {
                "drawn": True,
                "trial": record.number,
                "weight": lower.point.weights[name],
                "all_lower_by": self.below(lower),
                "breaks": record.breaks(),
                "violates_with": rounded(record.chance_violated),
            }
        return {
            "kind": "coordinate minimum",
            "complete": self.proof.complete,
            "steps": steps,
            "at_bound": list(self.proof.at_bound),
        }


def record_of(records: Sequence[TrialRecord], judged: Judged) -> TrialRecord:
    """Raises StopIteration where none of the point's images is a trial."""
    keys = (judged.point.key(), *(image.point.key() for image in judged.images))
    by_key = {record.judged.point.key(): record for record in records}
    return next(by_key[key] for key in keys if key in by_key)
