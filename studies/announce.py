"""Reports what a stage will draw, and what the licences of the scorers' models forbid, before any image is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from models.language.translate import joined, phrase
from studies.control.section import TIME_SHARE

if TYPE_CHECKING:
    from studies.callback import Callback, SeedPlan
    from studies.study import Study

IMAGES_PER_LORA, ROBUSTNESS_IMAGES = 3, 1
"""Of the search of a seed with three LoRAs, in the median (python -m benchmarks.search.all_in)."""
REPORTED_LICENCES: Final = "licences-told"
"""The workspace's record of the licence lines that were reported."""


def report_places(study: Study, callback: Callback) -> None:
    """Says which reference photos are no longer where their training set records them, and which do not open."""
    from studies.references.places import place_notes
    from studies.references.unopened import unopened_notes

    for name, line in (*place_notes(study).items(), *unopened_notes(study).items()):
        callback.message(phrase("references {name}: {words}", name=name, words=line))


def announce(study: Study, callback: Callback, stage: str, images: int, *, everywhere: bool = False, steps: float = 1.0) -> None:
    """Makes the workspace, then reports the most images that a stage draws and the seconds that they take; `everywhere` where
    LoRAs act outside of their regions too, and no ControlNet does; `steps` is the share of an image's steps that each takes."""
    study.workspace.make()
    study.backend.report_to(callback)
    report_licences(study, callback)
    # Where nothing is left to draw, no model is opened to measure.
    times = study.rows_everywhere if everywhere else study.times
    callback.announce(stage, images, images * study.seconds_per_image() * times * steps if images else 0.0)


def expected_images(study: Study, calibration: int, budget: int) -> int | None:
    """Images of a seed of which half of the runs take fewer, those that calibrate it included; None for samplers that were not
    measured so (docs/search.md)."""
    if study.spec.search.sampler != "least-weight":
        return None
    robustness = ROBUSTNESS_IMAGES if study.spec.search.robustness else 0
    return calibration + min(budget, IMAGES_PER_LORA * len(study.spec.searched()) + robustness)


def seed_plan(study: Study, seed: int, budget: int, seconds: float) -> SeedPlan:
    """What a run of the seed takes, and what of it earlier runs drew. `seconds` is for one image."""
    from studies.callback import SeedPlan
    from studies.run.calibration import calibration_images, missing_calibration
    from studies.run.trials import jobs_of_trials

    calibration = calibration_images(study)
    missing = min(calibration, len(missing_calibration(study, seed)))
    trials = min(budget, len(jobs_of_trials(study, seed)))
    expected = expected_images(study, calibration, budget)
    # Calibration is drawn without regions and ControlNets; on average over all images.
    seconds *= (calibration * study.rows_everywhere + budget * study.times) / (calibration + budget)
    return SeedPlan(seed, calibration, budget, seconds, expected, calibration - missing, trials)


def report_prices(study: Study, callback: Callback) -> None:
    """What regions and ControlNets cost, before anything is drawn. Raises InputError for a region or a hint that somebody made
    and that cannot be drawn, and for a ControlNet that is none."""
    report_regions(study, callback)
    report_controls(study, callback)


def report_regions(study: Study, callback: Callback) -> None:
    """What regions cost, before anything is drawn. Raises InputError for a region that somebody wrote and that cannot be."""
    from studies.regions.words import by_place, words_of_regions

    if study.regions is None:
        return
    _ = study.regions.written
    places = by_place(words_of_regions(study.spec))
    words = joined("; ", [phrase("{name} in {where}", name=names, where=where) for names, where in places.items()])
    callback.message(
        phrase(
            "regions: {words}. Each costs about one more row: a trial takes about {rows} times as long as without, "
            "which the times here count",
            words=words,
            rows=study.rows,
        )
    )


def report_controls(study: Study, callback: Callback) -> None:
    """What ControlNets cost, before anything is drawn. Raises InputError for a hint that somebody made and that cannot be told,
    and for a ControlNet that is none."""
    from studies.control.nets import check_nets
    from studies.control.words import words_of_controls

    if study.hints is None:
        return
    check_nets(study.spec, study.root)
    _ = study.hints.described()
    study.hints.check_detectors()
    for name, words in words_of_controls(study.spec).items():
        callback.message(
            phrase(
                "ControlNet {name}: {words}. Strength 1 in all steps costs {price:g}; a trial takes about {share:.0%} longer, "
                "which the times here count",
                name=name,
                words=words,
                price=study.spec.control[name].price,
                share=TIME_SHARE,
            )
        )


def report_licences(study: Study, callback: Callback) -> None:
    """Once a workspace, and again when the models change."""
    from models.catalogue import limits_of_use

    limits = limits_of_use(study.spec.scorers.face.pack, study.spec.scorers.parts.model or "")
    if limits and study.workspace.read(REPORTED_LICENCES) != limits:
        for line in limits:
            callback.message(phrase("licence: {line}", line=line))
        study.workspace.write(REPORTED_LICENCES, limits)
