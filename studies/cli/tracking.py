"""track: brings MLflow up to what the study holds. What a run and a choice by hand log is logged here too."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from studies.cli.console import say
from studies.cli.options import BlurOption, StudyArgument, WorkspaceOption, open_study, open_tracker

if TYPE_CHECKING:
    from scorers.calibration import Calibration
    from studies.building import Study
    from studies.calibrating import Ladder
    from studies.outcome import Outcome
    from studies.stored import Stored
    from studies.tracking import Tracker

SECONDS_A_RECORD: Final = 2.0
LEAST_WAIT_S: Final = 60.0


def register(app: typer.Typer) -> None:
    app.command()(track)


def track(
    study: StudyArgument,
    seed: Annotated[int | None, typer.Option("--seed", help="only this seed")] = None,
    blur: BlurOption = True,
    workspace: WorkspaceOption = None,
) -> None:
    """Log to MLflow what is missing there. A second time changes nothing. Exit status 1 if something could not be logged."""
    from studies.faults import one_line
    from studies.lease import only_runner
    from studies.stored import seeds_run, stored

    opened = open_study(study, workspace)
    found = [stored(opened, s) for s in ([seed] if seed is not None else seeds_run(opened))]
    records = sum(len(held.outcome.trials) + 8 for held in found)
    # A run beside it would log the same trials, and each would make its own copy.
    with one_line(), only_runner(opened.storage_url, opened.spec.name, say):
        missing = _log_all(opened, found, records, blurred=blur)
    for held in found:
        say(f"seed {held.outcome.seed}: {len(held.outcome.trials)} trials")
    if missing:
        raise typer.Exit(1)


def _log_all(study: Study, found: Sequence[Stored], records: int, *, blurred: bool) -> bool:
    """Whether something could not be logged."""
    from studies.cli.search import close
    from studies.records import track_trial

    tracker = open_tracker(study, capacity=2 * records)
    for held in found:
        outcome = held.outcome
        log_start(tracker, study, outcome.seed)
        log_calibration(tracker, study, outcome.seed, held.judge.calibrations, held.ladders, blurred=blurred)
        for record in outcome.trials:
            track_trial(tracker, outcome.seed, record, blurred=blurred)
        log_outcome(tracker, study, outcome, blurred=blurred)
    return close(tracker, max(LEAST_WAIT_S, SECONDS_A_RECORD * records))


def log_start(tracker: Tracker, study: Study, seed: int) -> None:
    from studies.inputs import inputs_of

    tracker.start_seed(seed, seed_params(study, seed), {"study": study.spec.name}, inputs_of(study))


def log_calibration(
    tracker: Tracker,
    study: Study,
    seed: int,
    calibrations: Mapping[str, Calibration],
    ladders: Sequence[Ladder],
    *,
    blurred: bool,
) -> None:
    from studies.cli.pictures import ladder_sheet

    tracker.log_picture(seed, "ladders.png", ladder_sheet(study.workspace, ladders, blurred=blurred).copy)
    tracker.log_text(seed, "calibration.json", json.dumps({n: c.to_json() for n, c in calibrations.items()}, indent=1))


def log_outcome(tracker: Tracker, study: Study, outcome: Outcome, *, blurred: bool) -> None:
    """The sheets of a seed and its pick; closes its run."""
    from studies.cli.pictures import proof_sheet, trials_sheet

    tracker.log_picture(outcome.seed, "trials.png", trials_sheet(study.workspace, outcome, blurred=blurred).copy)
    proof = proof_sheet(study.workspace, outcome, blurred=blurred)
    if proof is not None:
        tracker.log_picture(outcome.seed, "proof.png", proof.copy)
    log_pick(tracker, outcome)


def log_pick(tracker: Tracker, outcome: Outcome) -> None:
    tracker.log_text(outcome.seed, "pick.json", json.dumps(outcome.as_json(), indent=1))
    record = outcome.record(outcome.pick) if outcome.pick else None
    metrics = record.metrics() if record else {"feasible": 0.0}
    tags = {
        "feasible": "yes" if outcome.pick is not None and outcome.pick.feasible else "no",
        "pick": "none" if record is None else f"trial {record.number}",
        "chosen": "" if record is None else "by hand" if outcome.by_hand else "by the search",
        "breaks": ", ".join(record.breaks()) if record else "",
    }
    tracker.finish(outcome.seed, {**metrics, "trials": float(len(outcome.trials))}, tags)


def seed_params(study: Study, seed: int) -> dict[str, str | int | float]:
    from studies.looks import sources_of

    spec = study.spec
    params: dict[str, str | int | float] = {"seed": seed, "base": spec.base.checkpoint, "sampler": spec.render.sampler}
    params |= {"steps": spec.render.steps, "cfg": spec.render.cfg, "size": f"{spec.render.width}x{spec.render.height}"}
    params |= {f"lora.{n}": f"{s.file} {study.about_loras[n].hash}" for n, s in spec.loras.items()}
    params |= {f"references.{n}": source for n, source in sources_of(study).items() if source != "photos"}
    params |= {f"references.{n}": s.references for n, s in spec.loras.items() if s.references is not None}
    params |= {f"require.{n}": v for n, v in study.require().items()}
    return params | {"prompt": spec.prompt[:500]}
