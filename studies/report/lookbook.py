"""A study as the values that the look-book page shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING

from studies.callback import SilentCallback, image_counter

if TYPE_CHECKING:
    from dashboards.lookbook.book import Book, Dial, Ladder, Look, Measure, Need, Proof, SeedStory, Trial
    from optimizer.search.proof import Proof as Found
    from studies.callback import Callback
    from studies.report.lookbook_data import Looked, SeedResult
    from studies.run.outcome import TrialRecord
    from studies.study import Study


def book_of(study: Study, *, blurred: bool, callback: Callback | None = None) -> Book:
    """All locked seeds that were run, judged by the study file as it is now. Raises InputError if none was."""
    from dashboards.lookbook.book import Book
    from models.errors import InputError
    from studies.run.scouting import locked_seeds
    from studies.run.stored import was_run

    seeds = locked_seeds(study)
    if not seeds or (study.spec.tracking.storage is None and not (study.workspace.root / "optuna.db").exists()):
        raise InputError("nothing was run here yet", study.workspace.root, "run `huanhua run STUDY` first")
    run = [seed for seed in seeds if was_run(study, seed)]
    spec = study.spec
    return Book(
        name=spec.name,
        prompt=spec.prompt,
        negative=spec.negative_prompt,
        settings=settings_of(study),
        dials=dials_of(study),
        seeds=tuple(_story(study, seed, callback or SilentCallback()) for seed in run),
        waiting=tuple(seed for seed in seeds if seed not in run),
        blurred=blurred,
    )


def settings_of(study: Study) -> tuple[tuple[str, str], ...]:
    """What all images share. Files go by their last names: a page that is passed on tells nothing of where they lay."""
    spec, render = study.spec, study.spec.render
    fixed = ", ".join(f"{name} {lora.fixed:g}" for name, lora in spec.loras.items() if lora.fixed is not None)
    return (
        ("Base", PureWindowsPath(spec.base.checkpoint).name),
        ("Size", f"{render.width} × {render.height}"),
        ("Sampler", f"{render.sampler}, {render.steps} steps"),
        ("CFG", f"{render.cfg:g}" if spec.search.cfg is None else f"{render.cfg:g}, searched"),
        ("Clip skip", str(spec.base.clip_skip)),
        *((("Fixed LoRAs", fixed),) if fixed else ()),
    )


def dials_of(study: Study) -> tuple[Dial, ...]:
    from dashboards.lookbook.book import Dial

    space, start = study.space, study.start
    axes = [Dial(name, a.low, a.snap(a.high), a.step, start.weights[name]) for name, a in space.weights.items()]
    if space.cfg is not None:
        axes.append(Dial("CFG", space.cfg.low, space.cfg.snap(space.cfg.high), space.cfg.step, start.cfg))
    return tuple(axes)


def _story(study: Study, seed: int, callback: Callback) -> SeedStory:
    from dashboards.lookbook.book import SeedStory
    from studies.report.lookbook_data import seed_result
    from studies.run.compatibility import check_compatible
    from studies.run.stored import images_gone
    from studies.run.trials import restore_images, trial_store_of

    check_compatible(study, seed, trial_store_of(study, seed))
    restore_images(study, seed)
    gone = images_gone(study, seed)
    if gone:
        _draw_again(study, seed, gone, callback)
    found = seed_result(study, seed)
    outcome = found.outcome
    trials = tuple(_trial(study, *pair) for pair in zip(outcome.trials, found.trials, strict=True))
    places = {record.judged.point.key(): place for place, record in enumerate(outcome.trials)}
    assert outcome.nearest is not None
    return SeedStory(
        seed=seed,
        needs=_needs(study, found),
        plain=_look(study, found.plain),
        start=_look(study, found.start),
        trials=trials,
        pick=places[outcome.pick.point.key()] if outcome.pick else None,
        nearest=places[outcome.nearest.point.key()],
        blocked_by=outcome.nearest.worst[0],
        proof=_proof(outcome.proof, trials, places),
        ladders=_ladders(study, found),
        by_hand=outcome.by_hand,
        found=places[outcome.found.point.key()] if outcome.found else None,
        unmeasurable=outcome.unmeasurable,
    )


def _draw_again(study: Study, seed: int, images: int, callback: Callback) -> None:
    """Draws the stored images of a seed that the cache has evicted."""
    from studies.announce import announce
    from studies.run.calibration import calibrate, calibration_images
    from studies.run.trials import jobs_of_trials

    announce(study, callback, f"seed {seed}: images that the cache let go", images)
    with callback.progress(f"seed {seed}") as advance:
        calibrate(study, seed, image_counter(advance, calibration_images(study)))
    for job in jobs_of_trials(study, seed):
        study.evaluator.evaluate(job.seed, job.point)


def _needs(study: Study, found: SeedResult) -> tuple[Need, ...]:
    from dashboards.lookbook.book import Need

    outcome, searched = found.outcome, study.spec.searched()
    measures: dict[str, Measure] = {name: "face" if lora.kind == "face" else "garment" for name, lora in searched.items()}
    return (
        *(Need(name, measures[name], limit) for name, limit in outcome.require.items()),
        Need("hands", "hands", outcome.hands_allowed),
        Need("body", "body", 0.0),
        Need("drift", "drift", outcome.drift_allowed),
    )


def _look(study: Study, looked: Looked) -> Look:
    from dashboards.lookbook.book import Look

    point, scores = looked.evaluation.point, looked.scores
    at = [point.weights.get(name, 0.0) for name in study.space.weights]
    return Look(
        image=looked.evaluation.image,
        at=tuple([*at, point.cfg] if study.space.cfg else at),
        cost=looked.judged.cost,
        scores={**scores.expression, "hands": scores.hands, "drift": scores.drift},
        raw=scores.raw,
        breaks={name: margin for name, margin in looked.judged.violations.items() if margin > 0},
        faults=scores.body,
        bare=looked.bare,
        failed=looked.evaluation.observation.failed,
    )


def _trial(study: Study, record: TrialRecord, looked: Looked) -> Trial:
    from dashboards.lookbook.book import Trial

    return Trial(**vars(_look(study, looked)), number=record.number, rating=str(record.rating or ""))


def _proof(proof: Found | None, trials: Sequence[Trial], places: Mapping[tuple[object, ...], int]) -> Proof | None:
    from dashboards.lookbook.book import Lower, Proof

    if proof is None:
        return None
    steps = [Lower(name, None if lower is None else trials[places[lower.point.key()]]) for name, lower in proof.steps.items()]
    return Proof(tuple(steps), proof.at_bound, proof.complete)


def _ladders(study: Study, found: SeedResult) -> tuple[Ladder, ...]:
    from dashboards.lookbook.book import Ladder

    return tuple(
        Ladder(lora, tuple((looked.evaluation.point.weights[lora], _look(study, looked)) for looked in steps))
        for lora, steps in found.ladders.items()
    )
