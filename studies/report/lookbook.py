"""A study as the values of the look-book page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING

from models.language.translate import joined, phrase, translated
from optimizer.search.space import FILE
from optimizer.search.verdict import verdict_of
from studies.callback import SilentCallback, image_counter
from studies.control.words import words_of_controls
from studies.regions.words import by_place, words_of_regions
from studies.run.verdicts.enlarging import large_words
from studies.run.verdicts.mending import mended_words
from studies.run.verdicts.words import NOT_DRAWN, broken_words, reason, trial_words
from studies.schedules.words import words_of_schedules

if TYPE_CHECKING:
    from dashboards.lookbook.book import (
        BesideSeen,
        JudgedImage,
        Ladder,
        LookBook,
        Proof,
        RegionsSeen,
        Requirement,
        SeedPage,
        Slider,
        Trial,
        View,
    )
    from optimizer.search.judged_point import Judged
    from studies.callback import Callback
    from studies.report.lookbook_data import JudgedEvaluation, SeedResult
    from studies.run.outcome import Outcome, TrialRecord
    from studies.study import Study


def book_of(study: Study, *, blurred: bool, callback: Callback | None = None) -> LookBook:
    """All locked seeds that were run, judged by the study file as it is now. Raises InputError if none was."""
    from dashboards.lookbook.book import LookBook
    from models.errors import InputError
    from studies.run.scouting import locked_seeds
    from studies.run.stored_results import stored_seeds, was_run

    seeds = locked_seeds(study) or stored_seeds(study)
    if not seeds or (study.spec.tracking.storage is None and not (study.workspace.root / "optuna.db").exists()):
        raise InputError("nothing was run here yet", study.workspace.root, "run `huanhua run STUDY` first")
    run = [seed for seed in seeds if was_run(study, seed)]
    spec = study.spec
    return LookBook(
        name=spec.name,
        prompt=spec.prompt,
        negative=spec.negative_prompt,
        settings=settings_of(study),
        sliders=sliders_of(study),
        seeds=tuple(_drawn_page(study, seed, callback or SilentCallback()) for seed in run),
        waiting=tuple(seed for seed in seeds if seed not in run),
        blurred=blurred,
    )


def settings_of(study: Study) -> tuple[tuple[str, str], ...]:
    """What all images share. Files are named without their folders: a page that is passed on does not show where they were."""
    spec, render = study.spec, study.spec.render
    fixed = ", ".join(f"{name} {lora.fixed:g}" for name, lora in spec.loras.items() if lora.fixed is not None)
    regions = "; ".join(f"{name}: {translated(where)}" for name, where in by_place(words_of_regions(spec)).items())
    schedules = ", ".join(f"{name}: {translated(words)}" for name, words in words_of_schedules(spec).items())
    controls = ", ".join(f"{name}: {translated(words)}" for name, words in words_of_controls(spec).items())
    figures = "; ".join(f"{figure}: {spec.figure_words().get(figure, '–')}" for figure in spec.figures)
    told = spec.draw.in_a1111_words
    return (
        ("Base", PureWindowsPath(spec.base.checkpoint).name),
        *((("Size", f"{render.width} × {render.height}"),) if told else (("Drawn by", spec.draw.title),)),
        ("Sampler", f"{render.sampler}, {render.steps} steps"),
        ("CFG", f"{render.cfg:g}" if spec.search.cfg is None else f"{render.cfg:g}, searched"),
        *((("Clip skip", str(spec.base.clip_skip)),) if told else ()),
        *((("Fixed LoRAs", fixed),) if fixed else ()),
        *((("Figures", figures),) if spec.figure_words() else ()),
        *((("Regions", regions),) if regions else ()),
        *((("Schedules", schedules),) if schedules else ()),
        *((("ControlNets", controls),) if controls else ()),
    )


def sliders_of(study: Study) -> tuple[Slider, ...]:
    """One slider for each searched LoRA, one for CFG where it is searched, and one for the files of each LoRA of several."""
    from dashboards.lookbook.book import Slider

    space, start = study.space, study.start
    axes = [Slider(name, a.low, a.snap(a.high), a.step, start.weights[name]) for name, a in space.weights.items()]
    if space.cfg is not None:
        axes.append(Slider("CFG", space.cfg.low, space.cfg.snap(space.cfg.high), space.cfg.step, start.cfg))
    files = ((name, labels, len(labels) - 1.0) for name, labels in space.files.items())
    found = (*axes, *(Slider(f"{name}{FILE}", 0.0, last, 1.0, last, labels) for name, labels, last in files))
    at = {**space.schedules.numbers(start), **space.controls.numbers(start)}
    tried = {**space.schedules.axes(), **space.controls.axes()}
    return (*found, *(Slider(name, v[0], v[-1], v[1] - v[0], at[name]) for name, v in tried.items()))


def _drawn_page(study: Study, seed: int, callback: Callback) -> SeedPage:
    """As `seed_page`; images that the cache has evicted are drawn again."""
    from studies.run.compatibility import check_compatible
    from studies.run.stored_results import images_gone, maps_gone
    from studies.run.trials import restore_images, trial_store_of

    check_compatible(study, seed, trial_store_of(study, seed))
    restore_images(study, seed)
    if images_gone(study, seed) and (lacking := maps_gone(study, seed)):
        made = joined(phrase(" and "), lacking)
        callback.message(phrase("seed {seed}: {what} were gone, and are made again", seed=seed, what=made))
        for told in (study.regions, study.hints):
            _ = None if told is None else told.of(seed)
        restore_images(study, seed)
    if gone := images_gone(study, seed):
        _draw_again(study, seed, gone, callback)
    return seed_page(study, seed)


def seed_page(study: Study, seed: int) -> SeedPage:
    """One seed that was run, by what is stored: raises InputError where an image of it is not in the workspace."""
    from studies.report.lookbook_data import seed_result

    return page_of(study, seed_result(study, seed))


def page_of(study: Study, found: SeedResult) -> SeedPage:
    """The page of a seed whose images were judged."""
    from dashboards.lookbook.book import SeedPage

    outcome, requirements = found.outcome, page_requirements(study, found)
    trials = tuple(_trial(study, *pair) for pair in zip(outcome.trials, found.trials, strict=True))
    places = {record.judged.point.key(): place for place, record in enumerate(outcome.trials)}
    assert outcome.nearest is not None
    return SeedPage(
        seed=outcome.seed,
        requirements=requirements,
        plain=_judged_image(study, found.plain),
        start=_start(study, found, trials, places),
        trials=trials,
        pick=places[outcome.pick.point.key()] if outcome.pick else None,
        nearest=places[outcome.nearest.point.key()],
        claim=outcome.claim,
        reason=reason(outcome),
        start_note=found.start_note,
        proof=_proof(outcome, trials, places),
        ladders=_ladders(study, found),
        views=_views(requirements),
        regions=_regions(study, found),
        mended=_mended(study, outcome),
        large=_large(study, outcome),
    )


def _mended(study: Study, outcome: Outcome) -> BesideSeen | None:
    from dashboards.lookbook.book import BesideSeen
    from studies.report.sheets.mended import mended_picture

    place = mended_picture(study.workspace, outcome)
    if place is None or outcome.mended is None or outcome.shown is None:
        return None
    return BesideSeen(place, mended_words(outcome.mended), bare=outcome.mended.bare or outcome.shown.bare)


def _large(study: Study, outcome: Outcome) -> BesideSeen | None:
    from dashboards.lookbook.book import BesideSeen
    from studies.report.sheets.large import large_picture

    place = large_picture(study.workspace, outcome)
    if place is None or outcome.large is None or outcome.shown is None:
        return None
    return BesideSeen(place, large_words(outcome.large), bare=outcome.large.bare or outcome.shown.bare)


def _regions(study: Study, found: SeedResult) -> RegionsSeen | None:
    from dashboards.lookbook.book import RegionsSeen
    from studies.report.sheets.regions import region_picture

    place = region_picture(study, found.outcome.seed)
    return (
        None
        if place is None
        else RegionsSeen(place, by_place(found.outcome.regions), figures=bool(study.spec.figures), bare=found.start.bare)
    )


def _draw_again(study: Study, seed: int, images: int, callback: Callback) -> None:
    """Draws the stored images of a seed that the cache has evicted."""
    from studies.announce import announce
    from studies.run.calibration import calibrate, calibration_images
    from studies.run.trials import jobs_of_trials

    announce(study, callback, phrase("seed {seed}: images that the cache let go", seed=seed), images)
    with callback.progress(phrase("seed {seed}", seed=seed)) as advance:
        calibrate(study, seed, image_counter(advance, calibration_images(study)))
    for job in jobs_of_trials(study, seed):
        study.evaluator.evaluate(job.seed, job.point)


def page_requirements(study: Study, found: SeedResult) -> tuple[Requirement, ...]:
    """What images of the seed must meet, in the order of the page's tables."""
    from dashboards.lookbook.book import DISTINCT, Requirement
    from scorers.score.objectives import measure_of
    from scorers.score.other_faces import distinct_name

    outcome, searched, faces = found.outcome, study.spec.searched(), study.spec.distinct_faces()
    return (
        *(
            Requirement(name, measure_of(searched[name].kind), least, at_least=True, whose=searched[name].figure or "")
            for name, least in outcome.require.items()
        ),
        *(Requirement(limit.name, limit.name, limit.value, counted=limit.score.counted) for limit in outcome.limits),
        *(Requirement(distinct_name(name), DISTINCT, 0.0, whose=searched[name].figure or "") for name in faces),
    )


def _views(requirements: Sequence[Requirement]) -> tuple[View, ...]:
    """The objectives of which there are requirements."""
    from dashboards.lookbook.book import View
    from scorers.score.objectives import OBJECTIVES

    measures = {requirement.measure for requirement in requirements}
    return tuple(View(o.measure, o.label, o.name) for o in OBJECTIVES if o.measure in measures)


def _judged_image(study: Study, image: JudgedEvaluation) -> JudgedImage:
    from dashboards.lookbook.book import JudgedImage
    from scorers.score.other_faces import distinct_name

    point, scores = image.evaluation.point, image.scores
    at = [point.weights.get(name, 0.0) for name in study.space.weights]
    of_files = study.space.files.items()
    files = {name: study.space.file_of(point, name) for name, _ in of_files}
    return JudgedImage(
        image=image.evaluation.image,
        at=(
            *at,
            *([point.cfg] if study.space.cfg else []),
            *(labels.index(files[name]) for name, labels in of_files),
            *study.space.schedules.numbers(point).values(),
            *study.space.controls.numbers(point).values(),
        ),
        cost=image.judged.cost,
        scores={**scores.expression, **scores.graded, **{distinct_name(n): by for n, by in scores.other_faces.items()}},
        raw=scores.raw,
        breaks={name: by for name, by in image.judged.violations.items() if not by <= 0},
        faults=scores.counted,
        bare=image.bare,
        failed=image.evaluation.observation.failed,
        files={name: label for name, label in files.items() if point.weights.get(name)},
        parts={name: tuple(part.text() for part in shown) for name, shown in scores.parts.items()},
    )


def _trial(study: Study, record: TrialRecord, image: JudgedEvaluation) -> Trial:
    from dashboards.lookbook.book import Trial

    judged = replace(_judged_image(study, image), mark=record.verdict, verdict=trial_words(record))
    return Trial(**vars(judged), number=record.number, rating=str(record.rating or ""))


def _start(study: Study, found: SeedResult, trials: Sequence[Trial], places: Mapping[tuple[object, ...], int]) -> JudgedImage:
    """The start is a trial but where a fork left it out; then its own image alone is judged."""
    place = places.get(found.start.judged.point.key())
    if place is not None:
        return trials[place]
    judged = found.start.judged
    words = f"breaks {broken_words(judged.violations, found.start.scores.counted)}"
    verdict = verdict_of(judged, None, study.spec.search.robustness)
    return replace(_judged_image(study, found.start), mark=verdict, verdict=verdict.word if verdict.meets else words)


def _proof(outcome: Outcome, trials: Sequence[Trial], places: Mapping[tuple[object, ...], int]) -> Proof | None:
    from dashboards.lookbook.book import Proof, ProofStep

    proof = outcome.proof
    if proof is None:
        return None

    def step(name: str, lower: Judged | None) -> ProofStep:
        if lower is None:
            return ProofStep(name, None)
        record = outcome.record(lower)
        return ProofStep(name, trials[places[record.judged.point.key()]], lower.point.weights[name], outcome.below(lower))

    steps = tuple(step(name, lower) for name, lower in proof.steps.items())
    return Proof(steps, proof.at_bound, proof.complete, NOT_DRAWN[outcome.ended])


def _ladders(study: Study, found: SeedResult) -> tuple[Ladder, ...]:
    from dashboards.lookbook.book import Ladder

    return tuple(
        Ladder(lora, tuple((step.evaluation.point.weights[lora], _judged_image(study, step)) for step in steps))
        for lora, steps in found.ladders.items()
    )
