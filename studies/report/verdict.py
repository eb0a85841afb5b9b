"""An outcome as lines for people: the pick, its scores, the proof, or what blocks it."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from models.counted import counted
from optimizer.search.verdict import Verdict, own_image
from scorers.score.parts.shown import in_words
from studies.run.verdicts.words import NOT_DRAWN, fragile_words, reason, trial_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scorers.score.base import Limit
    from scorers.score.scores import Scores
    from studies.run.outcome import Outcome, TrialRecord


def describe(outcome: Outcome) -> list[str]:
    """For people: what to use, what it scores, what breaks one step lower."""
    head = f"seed {outcome.seed}: {counted(len(outcome.trials), 'trial')}"
    if outcome.pick is None:
        return [head, *_verdict(outcome), *_references(outcome)]
    record = outcome.record(outcome.pick)
    weights = "  ".join(f"{n} {w:.2f}" for n, w in record.judged.point.weights.items())
    scores = record.scores
    lines = [
        head,
        f"  pick       trial {record.number}: {weights}  CFG {record.judged.point.cfg:g}  total {record.judged.cost:.2f}",
        *([f"  words      {', '.join(record.judged.point.prompt_edits)}"] if record.judged.point.prompt_edits else []),
        f"  verdict    {outcome.claim}",
        *([f"  by hand    {reason(outcome)}"] if outcome.by_hand else []),
    ]
    for name, value in scores.expression.items():
        need = f"needs {outcome.require[name]:g}" if name in outcome.require else ""
        lines.append(
            f"  {name:<10} {'not measurable' if value is None else format(value, '.2f')}  {need}, raw {scores.raw[name]:.3f}"
            f"{_slack(outcome, name, value)}"
        )
        shown = scores.parts.get(name)
        lines += [f"  {'':<10} {in_words(shown)}"] if shown else []
    always = [limit for limit in outcome.graded_limits if not limit.score.optional]
    optional = [limit for limit in outcome.graded_limits if limit.score.optional]
    lines += _limited(scores, always)
    lines += [f"  {name:<10} {'failed' if value is None else format(value, '.2f')}" for name, value in scores.extra.items()]
    lines += _limited(scores, optional)
    lines += [*_references(outcome), *_proof(outcome), *_robustness(outcome, record)]
    lines += [*_images(outcome), *_stopped(outcome), *_ratings(outcome)]
    return [*lines, f"  image      {record.image}"]


def _images(outcome: Outcome) -> list[str]:
    """How many images each use took, besides those that calibrate the seed."""
    uses = Counter(record.phase for record in outcome.trials)
    robustness = sum(len(record.robustness.neighbours) for record in outcome.trials if record.robustness)
    used = {**{phase: uses[phase] for phase in ("start", "design", "search", "proof")}, "robustness": robustness}
    shown = ", ".join(f"{count} {use}" for use, count in used.items() if count)
    return [f"  images     {sum(used.values())}: {shown}"]


def _slack(outcome: Outcome, name: str, value: float | None) -> str:
    """By how much a requirement is met, in units of the score's noise."""
    if value is None or name not in outcome.require or name not in outcome.noise:
        return ""
    return f"; {(value - outcome.require[name]) / outcome.noise[name]:+.1f} of its noise"


def _broken_by(outcome: Outcome, name: str, violation: float) -> str:
    """`dress by 0.12, 2.1 of its noise`; what is less than its noise may be chance."""
    noise = outcome.noise.get(name)
    if noise is None or not math.isfinite(violation):
        return f"{name} by {violation:.2f}"
    within = ": within noise" if violation < noise else ""
    return f"{name} by {violation:.2f}, {violation / noise:.1f} of its noise{within}"


def _limited(scores: Scores, limits: Sequence[Limit]) -> list[str]:
    """A line for each score that is required."""
    required = ((limit.name, limit.value) for limit in limits if limit.value is not None)
    return [f"  {name:<10} {scores.graded[name]:.2f}  allowed {most:.2f}" for name, most in required]


def _references(outcome: Outcome) -> list[str]:
    """What LoRAs are compared with, where it is not photos."""
    from studies.references.source import words_of

    words = [f"  references {name}: {words}" for name, words in words_of(outcome.references).items()]
    return [*words, *(f"  {note}" for note in outcome.notes)]


def _stopped(outcome: Outcome) -> list[str]:
    return [f"  stopped    {outcome.stopped}"] if outcome.stopped else []


def _ratings(outcome: Outcome) -> list[str]:
    return [f"  rated      trial {record.number}: {record.rating}" for record in outcome.trials if record.rating is not None]


def _proof(outcome: Outcome) -> list[str]:
    if outcome.proof is None:
        return []
    lines = []
    for name, lower in outcome.proof.steps.items():
        if lower is None:
            lines.append(f"  proof      {name} one step lower: {NOT_DRAWN[outcome.ended]}")
            continue
        record = outcome.record(lower)
        lines.append(f"  proof      {name} at {lower.point.weights[name]:.2f} (trial {record.number}) {_step(outcome, record)}")
    lines += [f"  proof      {name} is at its lower bound" for name in outcome.proof.at_bound]
    verdict = "a coordinate minimum: no single step down is possible" if outcome.proof.complete else "not complete"
    return [*lines, f"  proof      {verdict}"]


def _step(outcome: Outcome, record: TrialRecord) -> str:
    """What an image of the proof breaks."""
    if record.verdict is not Verdict.BREAKS:
        return trial_words(record)
    own = own_image(record.judged).violations
    return "breaks " + "; ".join(_broken_by(outcome, name, by) for name, by in own.items() if not by <= 0)


def _robustness(outcome: Outcome, record: TrialRecord) -> list[str]:
    """Whether the pick holds at slightly other weights."""
    if outcome.robustness_missing:
        return [f"  robustness {NOT_DRAWN[outcome.ended]}"]
    if record.robustness is None:
        return []
    words = fragile_words(record) or f"holds with all weights {record.robustness.off:g} lower and higher"
    return [f"  robustness {words}"]


def _verdict(outcome: Outcome) -> list[str]:
    if outcome.nearest is None:
        return ["  nothing was drawn"]
    record = outcome.record(outcome.nearest)
    if outcome.unmeasurable:
        return [*_unmeasurable(outcome), *_stopped(outcome), *_ratings(outcome), f"  image      {record.image}"]
    blocker, by = outcome.nearest.worst
    weights = "  ".join(f"{n} {w:.2f}" for n, w in record.judged.point.weights.items())
    return [
        f"  verdict    {outcome.claim}",
        f"  nearest    trial {record.number}: {weights}; blocked by {blocker} (misses by {by:.2f})",
        *best_edit(outcome, blocker),
        "  next       another seed, a colour word in the prompt, a half-body or sitting pose, a smaller size or requirement;",
        "             ControlNet is the last resort for hands and large pictures",
        *_images(outcome),
        *_stopped(outcome),
        *_ratings(outcome),
        f"  image      {record.image}",
    ]


def _unmeasurable(outcome: Outcome) -> list[str]:
    return [
        f"  verdict    {outcome.claim}, and nothing can be feasible",
        f"  unseen     {', '.join(outcome.unmeasurable)}: neither alone nor in the start image does it show more than its noise "
        "at this seed; `huanhua lookbook` shows its ladder",
        "  next       its trigger word in the prompt, other reference photos, a LoRA of this base, or another seed;",
        "             with `fixed: 0.5` it is active and not searched",
    ]


def best_edit(outcome: Outcome, blocker: str) -> list[str]:
    """The words whose trials came nearest to meeting the blocking requirement, compared with the best without words."""
    least: dict[tuple[str, ...], float] = {}
    for trial in outcome.trials:
        key = trial.judged.point.prompt_edits
        least[key] = min(trial.judged.violations[blocker], least.get(key, math.inf))
    edited = {key: violation for key, violation in least.items() if key}
    if not edited:
        return []
    best = min(edited, key=lambda key: edited[key])
    bare = f", {least[()]:.2f} without" if () in least else ""
    return [f"  best lever {', '.join(best)}: {blocker} misses by {max(0.0, edited[best]):.2f} at least{bare}"]
