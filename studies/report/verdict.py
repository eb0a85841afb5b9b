"""An outcome as lines for people: the pick, its scores, the proof, or what blocks it."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Final

from models.counted import counted, percent
from models.language.translate import said, translated
from models.language.width import padded
from optimizer.search.stopping import Ended
from optimizer.search.verdict import Verdict, own_image
from scorers.noise.copies import COPIES
from scorers.score.parts.shown import in_words
from studies.regions.words import by_place
from studies.run.neighbours import robustness_images
from studies.run.verdicts.beside import beside_lines
from studies.run.verdicts.contention import advice
from studies.run.verdicts.words import NOT_DRAWN, fragile_words, reason, trial_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scorers.score.base import Limit
    from scorers.score.scores import Scores
    from studies.run.outcome import Outcome, TrialRecord

SURE: Final = 0.95
"""The probability from which a violation is called more than noise."""


def describe(outcome: Outcome) -> list[str]:
    """For people: what to use, what it scores, what breaks one step lower."""
    head = said("seed {seed}: {what}", seed=outcome.seed, what=translated(counted(len(outcome.trials), "trial")))
    if outcome.pick is None:
        return [head, *_regions(outcome), *_schedules(outcome), *_verdict(outcome), *_references(outcome)]
    record = outcome.record(outcome.pick)
    weights, scores = record.weights_line(), record.scores
    lines = [
        head,
        _line(
            "pick",
            said(
                "trial {number}: {weights}  CFG {cfg:g}  total {total:.2f}",
                number=record.number,
                weights=weights,
                cfg=record.judged.point.cfg,
                total=record.judged.cost,
            ),
        ),
        *_regions(outcome),
        *_schedules(outcome),
        *([_line("words", ", ".join(record.judged.point.prompt_edits))] if record.judged.point.prompt_edits else []),
        _line("verdict", outcome.claim),
        *_sure(record),
        *([_line("by hand", reason(outcome))] if outcome.by_hand else []),
    ]
    for name, value in scores.expression.items():
        need = said("needs {least:g}", least=outcome.require[name]) if name in outcome.require else ""
        found = said("not measurable") if value is None else format(value, ".2f")
        raw = said("{needed}, raw {raw:.3f}", needed=need, raw=scores.raw[name])
        lines.append(f"  {name:<10} {found}  {raw}{_slack(outcome, record, name, value)}")
        shown = scores.parts.get(name)
        lines += [f"  {'':<10} {translated(in_words(shown))}"] if shown else []
    always = [limit for limit in outcome.graded_limits if not limit.score.optional]
    optional = [limit for limit in outcome.graded_limits if limit.score.optional]
    lines += _limited(scores, always)
    failed = said("failed")
    lines += [f"  {name:<10} {failed if value is None else format(value, '.2f')}" for name, value in scores.extra.items()]
    lines += [*_limited(scores, optional), *_own_faces(scores)]
    lines += [*_references(outcome), *_proof(outcome), *_robustness(outcome, record)]
    lines += [*_images(outcome), *_stopped(outcome), *_ratings(outcome)]
    return [*lines, _line("image", str(record.image)), *(_line(*pair) for pair in beside_lines(outcome))]


def _regions(outcome: Outcome) -> list[str]:
    """Where LoRAs act that do not act everywhere."""
    places = by_place(outcome.regions).items()
    shown = "; ".join(said("{name} in {where}", name=names, where=translated(where)) for names, where in places)
    return [_line("regions", shown)] if shown else []


def _schedules(outcome: Outcome) -> list[str]:
    """In which steps LoRAs act that do not act in all, and how strongly which ControlNets do."""
    words = {"{name} in {where}": outcome.schedules, "{name} {where}": outcome.controls}
    shown = [said(", ").join(said(f, name=n, where=translated(w)) for n, w in found.items()) for f, found in words.items()]
    return [_line(label, line) for label, line in zip(("schedules", "control"), shown, strict=True) if line]


def _line(label: str, text: str) -> str:
    return f"  {padded(said(label), 10)} {translated(text)}"


def _images(outcome: Outcome) -> list[str]:
    """How many images each use took, besides those that calibrate the seed."""
    uses = Counter(record.phase for record in outcome.trials)
    robustness = robustness_images(outcome.trials)
    used = {**{phase: uses[phase] for phase in ("start", "design", "search", "proof")}, "robustness": robustness}
    shown = said(", ").join(said("{count} {use}", count=count, use=said(use)) for use, count in used.items() if count)
    return [_line("images", said("{count}: {uses}", count=sum(used.values()), uses=shown))]


def _sure(record: TrialRecord) -> list[str]:
    """How likely the pick's own image truly meets everything, where it does as measured; what its copies disagree on."""
    copies = [
        said("{score} is unsteady: {count} of {copies} copies of the image, moved by a hundredth, are judged otherwise", **facts)
        for facts in ({"score": name, "count": n, "copies": COPIES} for name, n in record.unsteady.items())
    ]
    chance = record.chance_met
    if chance is None or not record.verdict.meets:
        return [_line("unsure", line) for line in copies]
    sure = said("{chance}, in spite of the noise of its scores", chance=percent(chance))
    return [_line("sure", sure), *(_line("unsure", line) for line in copies)]


def _slack(outcome: Outcome, record: TrialRecord, name: str, value: float | None) -> str:
    """By how much a requirement is met, in units of the score's noise."""
    noise = record.noise.get(name)
    if value is None or name not in outcome.require or not noise:
        return ""
    slack = value - outcome.require[name]
    met, missed = "; met by {slack:.2f}, {times:.1f} times its noise", "; missed by {slack:.2f}, {times:.1f} times its noise"
    return said(met if slack >= 0 else missed, slack=abs(slack), times=abs(slack) / noise)


def _broken_by(name: str, violation: float, noise: float | None) -> str:
    """`dress by 0.12, 2.1 times its noise`."""
    if not noise or not math.isfinite(violation):
        return said("{name} by {by:.2f}", name=name, by=violation)
    return said("{name} by {by:.2f}, {share:.1f} times its noise", name=name, by=violation, share=violation / noise)


def _limited(scores: Scores, limits: Sequence[Limit]) -> list[str]:
    """A line for each score that is required."""
    required = ((limit.name, limit.value) for limit in limits if limit.value is not None)
    allowed = ((name, said("allowed {most:.2f}", most=most)) for name, most in required)
    return [f"  {name:<10} {scores.graded[name]:.2f}  {most}" for name, most in allowed]


def _own_faces(scores: Scores) -> list[str]:
    """Of several people, by how much each looks more like her own photos than like another's."""
    told = "{name} is nearer to its own photos than to another figure's by {less:.2f}"
    return [f"  {said(told, name=name, less=-more)}" for name, more in scores.other_faces.items()]


def _references(outcome: Outcome) -> list[str]:
    """What LoRAs are compared with, where it is not photos."""
    from studies.references.source import words_of

    compared = {name: translated(words) for name, words in words_of(outcome.references).items()}
    words = ["  " + said("references {name}: {words}", name=name, words=words) for name, words in compared.items()]
    return [*words, *(f"  {translated(note)}" for note in outcome.notes)]


def _stopped(outcome: Outcome) -> list[str]:
    why = outcome.stopped or _stored_end(outcome)
    return [_line("stopped", why)] if why else []


def _stored_end(outcome: Outcome) -> str:
    """Why the search of stored trials ended, as far as that is stored; "" where it goes on, or was killed."""
    if outcome.ended is None:
        return ""
    if outcome.unmeasurable:
        return said("no weight can be found for {names} here", names=", ".join(outcome.unmeasurable))
    used = len(outcome.trials) + robustness_images(outcome.trials)
    if outcome.ended is Ended.STOPPED:
        return said("by a person, after {count} images", count=used)
    if outcome.ended is Ended.BUDGET:
        return said("the budget of {budget} images is used up", budget=used)
    if outcome.pick is None:
        return said("no point left has a chance to meet everything that is worth an image")
    return said("the proof is complete" if outcome.proof and outcome.proof.complete else "no step down is left to draw")


def _ratings(outcome: Outcome) -> list[str]:
    rated = [(record.number, record.rating) for record in outcome.trials if record.rating is not None]
    return [_line("rated", said("trial {number}: {rating}", number=number, rating=rating)) for number, rating in rated]


def _proof(outcome: Outcome) -> list[str]:
    if outcome.proof is None:
        return []
    lines = []
    for name, lower in outcome.proof.steps.items():
        if lower is None:
            lines.append(_line("proof", said("{name} one step lower: {why}", name=name, why=said(NOT_DRAWN[outcome.ended]))))
            continue
        record = outcome.record(lower)
        weight, number, shows = lower.point.weights[name], record.number, _step(record)
        facts = {"name": name, "weight": weight, "number": number, "shows": shows, "off": outcome.below(lower)}
        where = "{name} at {weight:.2f}, and all weights {off:g} below that (trial {number}), {shows}"
        at = said(where if outcome.below(lower) else "{name} at {weight:.2f} (trial {number}) {shows}", **facts)
        lines.append(_line("proof", at))
    lines += [_line("proof", said("{name} is at its lower bound", name=name)) for name in outcome.proof.at_bound]
    verdict = "a coordinate minimum: no single step down is possible" if outcome.proof.complete else "not complete"
    chosen = outcome.record(outcome.pick).files if outcome.pick else {}
    if outcome.proof.complete and chosen:
        files = ", ".join(f"{name} {label}" for name, label in chosen.items())
        verdict = said("a coordinate minimum at these files ({files}): no single step down is possible", files=files)
    if outcome.proof.complete and outcome.pick and outcome.pick.point.acting_schedules():
        verdict = said("{verdict}; schedules stay as they are", verdict=translated(verdict))
    if outcome.proof.complete and outcome.pick and outcome.pick.point.acting_controls():
        verdict = said("{verdict}; ControlNets stay as they are", verdict=translated(verdict))
    return [*lines, _line("proof", verdict)]


def _step(record: TrialRecord) -> str:
    """What an image of the proof breaks, and how sure that is; what is not is said to be within noise."""
    if record.verdict.settled or record.verdict is Verdict.UNCHECKED:
        return translated(trial_words(record))
    if record.verdict is Verdict.BREAKS:
        own = own_image(record.judged).violations
        broken = [_broken_by(name, by, record.noise.get(name)) for name, by in own.items() if not by <= 0]
        words = said("breaks {what}", what=said("; ").join(broken))
    else:
        words = translated(trial_words(record))
    chance = record.chance_violated
    if chance is None:
        return words
    told = "{words} ({chance} sure)" if chance >= SURE else "{words} (within noise: only {chance} sure)"
    return said(told, words=words, chance=percent(chance))


def _robustness(outcome: Outcome, record: TrialRecord) -> list[str]:
    """Whether the pick holds at slightly other weights."""
    if outcome.robustness_missing:
        return [_line("robustness", NOT_DRAWN[outcome.ended])]
    if record.robustness is None:
        return []
    holds = said("holds with all weights {off:g} lower and higher", off=record.robustness.off)
    return [_line("robustness", fragile_words(record) or holds)]


def _verdict(outcome: Outcome) -> list[str]:
    if outcome.nearest is None:
        return [f"  {said('nothing was drawn')}"]
    record = outcome.record(outcome.nearest)
    if outcome.unmeasurable:
        return [*_unmeasurable(outcome), *_stopped(outcome), *_ratings(outcome), _line("image", str(record.image))]
    blocker, by = outcome.nearest.worst
    nearest = said(
        "trial {number}: {weights}; blocked by {blocker} (misses by {by:.2f})",
        number=record.number,
        weights=record.weights_line(),
        blocker=blocker,
        by=by,
    )
    return [
        _line("verdict", outcome.claim),
        _line("nearest", nearest),
        *best_edit(outcome, blocker),
        *([_line("regions", advice(outcome))] if advice(outcome) else []),
        _line("next", "another seed, a colour word in the prompt, a half-body or sitting pose, a smaller size or requirement;"),
        _line("", "ControlNet is the last resort for hands and pose: `control` in study.yaml"),
        *_images(outcome),
        *_stopped(outcome),
        *_ratings(outcome),
        _line("image", str(record.image)),
        *(_line(*pair) for pair in beside_lines(outcome)),
    ]


def _unmeasurable(outcome: Outcome) -> list[str]:
    return [
        _line("verdict", said("{claim}, and nothing can be feasible", claim=translated(outcome.claim))),
        _line(
            "unseen",
            said(
                "{names}: neither alone nor in the start image does it show more than its noise at this seed; "
                "`huanhua lookbook` shows its ladder",
                names=", ".join(outcome.unmeasurable),
            ),
        ),
        _line("next", "its trigger word in the prompt, other reference photos, a LoRA of this base, or another seed;"),
        _line("", "with `fixed: 0.5` it is active and not searched"),
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
    words, by = ", ".join(best), max(0.0, edited[best])
    if () not in least:
        return [_line("best lever", said("{words}: {blocker} misses by {by:.2f} at least", words=words, blocker=blocker, by=by))]
    told = "{words}: {blocker} misses by {by:.2f} at least, {bare:.2f} without"
    return [_line("best lever", said(told, words=words, blocker=blocker, by=by, bare=least[()]))]
