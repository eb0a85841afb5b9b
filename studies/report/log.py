"""Logs a seed's start, calibration, outcome and pick to the tracker."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scorers.score.calibration import Calibration
    from studies.report.sheets.style import Sheet
    from studies.run.ladders import Ladder
    from studies.run.outcome import Outcome
    from studies.run.stored_results import Stored
    from studies.study import Study
    from studies.tracking.base import Tracker


@contextmanager
def closed_if_interrupted(tracker: Tracker, seeds: Sequence[int]) -> Iterator[None]:
    """Where the block ends by an error or by Ctrl-C, the runs of the seeds do not look as if they went on."""
    try:
        yield
    except BaseException:
        for seed in seeds:
            tracker.interrupt(seed)
        raise


def log_start(tracker: Tracker, study: Study, seed: int) -> None:
    """Called under the study's lease: gives its trials an id, if they have none."""
    from studies.report.inputs import inputs_of
    from studies.run.trials import trial_store_of
    from studies.tracking.events import RUN

    run = trial_store_of(study, seed).attributes.give_run_id()
    tags = {"study": study.spec.name, "workspace": str(study.workspace.root.resolve()), RUN: run}
    tracker.start_seed(seed, seed_params(study, seed), tags, inputs_of(study))


def log_calibration(
    tracker: Tracker,
    study: Study,
    seed: int,
    calibrations: Mapping[str, Calibration],
    ladders: Sequence[Ladder],
    *,
    blurred: bool,
) -> None:
    from studies.report.sheets.ladder import ladder_sheet
    from studies.report.sheets.regions import regions_sheet

    tracker.log_picture(seed, "ladders.png", ladder_sheet(study.workspace, ladders, blurred=blurred).copy)
    regions = regions_sheet(study, seed, blurred=blurred)
    if regions is not None:
        tracker.log_picture(seed, "regions.png", regions.copy)
    tracker.log_text(seed, "calibration.json", json.dumps({n: c.to_json() for n, c in calibrations.items()}, indent=1))


def log_stored(tracker: Tracker, study: Study, found: Stored, *, blurred: bool) -> None:
    """All that a run of the seed logs, from what it stored."""
    from studies.run.trials import track_trial

    outcome = found.outcome
    log_start(tracker, study, outcome.seed)
    log_calibration(tracker, study, outcome.seed, found.judge.calibrations, found.ladders, blurred=blurred)
    for record in outcome.trials:
        track_trial(tracker, outcome.seed, record, blurred=blurred)
    log_outcome(tracker, study, outcome, blurred=blurred)


def log_outcome(tracker: Tracker, study: Study, outcome: Outcome, *, blurred: bool) -> None:
    """The sheets of a seed and its pick; closes its run."""
    from studies.report.sheets.proof import proof_sheet
    from studies.report.sheets.trials import trials_sheet

    tracker.log_picture(outcome.seed, "trials.png", trials_sheet(study.workspace, outcome, blurred=blurred).copy)
    proof = proof_sheet(study.workspace, outcome, blurred=blurred)
    if proof is not None:
        tracker.log_picture(outcome.seed, "proof.png", proof.copy)
    log_pick(tracker, outcome, blurred=blurred)


def log_pick(tracker: Tracker, outcome: Outcome, *, blurred: bool) -> None:
    """Logs the pick with its picture, metrics, tags and description; closes the seed's run."""
    from studies.run.verdicts.words import description
    from studies.tracking.events import DESCRIPTION, PICK_PICTURE, TRIALS, number_ranges
    from studies.tracking.pictures import BlurredPicture

    tracker.log_text(outcome.seed, "pick.json", json.dumps(outcome.as_json(), indent=1))
    record = outcome.record(outcome.pick) if outcome.pick else None
    metrics = record.metrics() if record else {"feasible": 0.0}
    if (shown := outcome.shown) is not None:
        picture = BlurredPicture(shown.image) if shown.bare and blurred else shown.image
        tracker.log_picture(outcome.seed, PICK_PICTURE, picture)
    tags = {
        "feasible": "yes" if outcome.pick is not None and outcome.pick.feasible else "no",
        "claim": outcome.claim,
        "verdict": "" if record is None else record.verdict.word,
        "pick": "none" if record is None else f"trial {record.number}",
        "chosen": "" if record is None else "by hand" if outcome.by_hand else "by the search",
        "breaks": ", ".join(record.breaks()) if record else "",
        DESCRIPTION: description(outcome),
        TRIALS: number_ranges(sorted(record.number for record in outcome.trials)),
    }
    tracker.finish(outcome.seed, {**metrics, "trials": float(len(outcome.trials))}, tags)


def log_mended(tracker: Tracker, study: Study, outcome: Outcome, *, blurred: bool) -> None:
    """The mended picture of a seed's pick, or of its nearest trial, with how it was mended; closes the seed's run."""
    from studies.report.sheets.mended import mended_sheet

    sheet = mended_sheet(study.workspace, outcome, blurred=blurred)
    _log_beside(tracker, study, outcome, mended_params(outcome), {} if sheet is None else {"mended.png": sheet})
    log_pick(tracker, outcome, blurred=blurred)


def log_large(tracker: Tracker, study: Study, outcome: Outcome, *, blurred: bool) -> None:
    """The large picture of a seed's pick, with how it was made; closes the seed's run."""
    from studies.report.sheets.large import large_sheet

    sheet = large_sheet(study.workspace, outcome, blurred=blurred)
    _log_beside(tracker, study, outcome, large_params(outcome), {} if sheet is None else {"large.png": sheet})
    log_pick(tracker, outcome, blurred=blurred)


def _log_beside(
    tracker: Tracker, study: Study, outcome: Outcome, params: Mapping[str, str | int | float], sheets: Mapping[str, Sheet]
) -> None:
    """What was made of a seed's picture after its search."""
    from studies.report.inputs import inputs_of
    from studies.run.trials import trial_store_of
    from studies.tracking.events import RUN

    run = trial_store_of(study, outcome.seed).attributes.give_run_id()
    tags = {"study": study.spec.name, "workspace": str(study.workspace.root.resolve()), RUN: run}
    tracker.start_seed(outcome.seed, {**seed_params(study, outcome.seed), **params}, tags, inputs_of(study))
    for name, sheet in sheets.items():
        tracker.log_picture(outcome.seed, name, sheet.copy)


def large_params(outcome: Outcome) -> dict[str, str | int | float]:
    """How the seed's large picture was made; nothing where there is none."""
    if outcome.large is None:
        return {}
    making, kept = outcome.large.making, outcome.large.making.kept
    told: dict[str, str | int | float] = {
        "large.by": making.by,
        "large.size": f"{making.size[0]}x{making.size[1]}",
        "large.upscaler": making.upscaler,
        "large.trial": outcome.large.trial,
    }
    if kept is None:
        return told
    return told | {"large.denoising strength": kept.strength, "large.tiles": making.tiles, "large.seed": making.seed}


def mended_params(outcome: Outcome) -> dict[str, str | int | float]:
    """How the seed's mended picture was mended; nothing where there is none."""
    if outcome.mended is None:
        return {}
    last = outcome.mended.redrawn[-1]
    told: dict[str, str | int | float] = {
        "mended.parts": ", ".join(outcome.mended.parts),
        "mended.trial": outcome.mended.trial,
        "mended.seed": last.seed,
        # Said of none too: a mend takes the place of an earlier one.
        "mended.control": "none" if outcome.mended.held is None else str(outcome.mended.held),
    }
    return told | {"mended.denoising strength": last.strength, "mended.padding": last.padding, "mended.blur": last.blur}


def seed_params(study: Study, seed: int) -> dict[str, str | int | float]:
    """The parameters of a seed's run."""
    from studies.drawing.section import HuanhuaDraw
    from studies.references.source import sources_of
    from studies.schedules.section import schedule_of

    spec = study.spec
    params: dict[str, str | int | float] = {"seed": seed, "base": spec.base.checkpoint, "sampler": spec.render.sampler}
    params |= {"steps": spec.render.steps, "cfg": spec.render.cfg}
    if spec.draw.in_a1111_words:
        params["size"] = f"{spec.render.width}x{spec.render.height}"
    if not isinstance(spec.draw, HuanhuaDraw):
        params["drawn by"] = spec.draw.title
    params |= {f"lora.{key}": f"{file} {study.lora_facts[key].hash}" for key, file in spec.lora_files().items()}
    params |= {f"references.{n}": source for n, source in sources_of(study).items() if source != "photos"}
    params |= {f"references.{n}": s.references for n, s in spec.loras.items() if s.references is not None}
    params |= {} if study.regions is None else {f"region.{n}": words for n, words in study.regions.described().items()}
    params |= {f"schedule.{n}": str(schedule_of(lora.schedule)) for n, lora in spec.loras.items() if lora.schedule is not None}
    params |= {f"search.schedule.{n}": " ".join(ends) for n, ends in spec.search.schedule.items()}
    params |= {} if study.hints is None else {f"control.{n}": words for n, words in study.hints.described().items()}
    params |= {f"control.{n}.{which}": v for n, c in study.space.controls.given.items() for which, v in vars(c).items()}
    params |= {f"search.control.{n}": " ".join(settings) for n, settings in spec.search.control.items()}
    params |= {f"require.{n}": v for n, v in study.require().items()}
    return params | {"prompt": spec.prompt[:500]}
