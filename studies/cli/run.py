"""run: searches the smallest weights of each locked seed."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.counted import counted
from models.errors import InputError
from models.language.translate import phrase, said, translated
from studies.cli.options import BlurOption, StudyArgument, WorkspaceOption, open_study
from studies.cli.progress.choose import choose_callback
from studies.cli.progress.console import print_line
from studies.cli.progress.next_command import command, go_on_with, print_next
from studies.cli.progress.signal_end import BellOption, NotifyOption, check_notify, signal_end
from studies.cli.progress.signals import interrupted_by_signals
from studies.project.typed import shown, typed_new_study

if TYPE_CHECKING:
    from collections.abc import Sequence

    from studies.run.outcome import Outcome
    from studies.study import Study


def run(
    study: StudyArgument,
    seed: Annotated[list[int] | None, typer.Option("--seed", min=0, help="only these, locked or not")] = None,
    trials: Annotated[int | None, typer.Option(min=4, help="images a seed, proof included")] = None,
    fork: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="start a new study in this folder from the trials that still hold", parser=typed_new_study
        ),
    ] = None,
    regions: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="start a new study in this folder, each LoRA in its part of the figure", parser=typed_new_study
        ),
    ] = None,
    ray: Annotated[
        str | None, typer.Option("--ray", metavar="local|auto|ADDRESS", help="draw on a Ray cluster, one worker a GPU")
    ] = None,
    ray_workers: Annotated[int | None, typer.Option(min=1, help="so many workers on CPU slots, not one a GPU")] = None,
    blur: BlurOption = True,
    bell: BellOption = False,
    notify: NotifyOption = False,
    workspace: WorkspaceOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="print one JSON event a line: plan, calibration, trial, pick, done")
    ] = False,
) -> None:
    """Search the smallest weights for each locked seed. The same command resumes; q or `huanhua stop` ends it early."""
    from studies.pipeline import run_study

    if ray_workers is not None and ray is None:
        raise InputError("there is no cluster to have workers", "--ray-workers", "give --ray local, auto or an address too")
    opened = open_study(study, workspace, *(seed or ()))
    if fork is not None and regions is not None:
        raise InputError("both start a new study", "--fork, --regions", "give one of them")
    if fork is not None:
        opened = _forked(opened, study, fork)
    if regions is not None:
        opened = _in_regions(opened, study, regions)
    callback, notify = choose_callback(as_json, blurred=blur), notify and check_notify()
    with interrupted_by_signals(), callback.watching():
        outcomes = run_study(opened, seed or (), trials=trials, callback=callback, blurred=blur, ray=ray, ray_workers=ray_workers)
    found = said("; ").join(said("seed {seed}: {what}", seed=o.seed, what=translated(o.claim)) for o in outcomes)
    signal_end(found, bell=bell, notify=notify)
    if not as_json:
        _print_next(fork or regions or study, outcomes, workspace)
    if not all(outcome.pick for outcome in outcomes):
        raise typer.Exit(1)


def _print_next(study: Path, outcomes: Sequence[Outcome], workspace: Path | None) -> None:
    """What searches further where a search ended before its proof, and then what shows all."""
    from optimizer.search.stopping import Ended
    from optimizer.search.verdict import LEAST

    for outcome in outcomes:
        if outcome.ended is Ended.STOPPED:
            more = command("run", study, "--seed", outcome.seed, workspace=workspace)
            print_line(said("go on searching: {command}", command=more))
        elif outcome.ended is Ended.BUDGET and outcome.claim != LEAST:
            more = command(
                "run", study, "--seed", outcome.seed, "--trials", 2 * max(len(outcome.trials), 10), workspace=workspace
            )
            print_line(said("search further: {command}", command=more))
    print_next("lookbook", study, workspace=workspace)


def _forked(study: Study, path: Path, folder: Path) -> Study:
    from studies.derive.fork import fork_study
    from studies.spec import study_file

    forked, counts = fork_study(study, study_file(path).read_text(encoding="utf-8"), folder)
    for seed, count in counts.items():
        print_line(phrase("seed {seed}: {what}", seed=seed, what=counted(count, "trial still holds", "trials still hold")))
    _from_now_on(folder)
    return forked


def _in_regions(study: Study, path: Path, folder: Path) -> Study:
    from studies.derive.regional import study_with_regions
    from studies.spec import study_file

    regional = study_with_regions(study, study_file(path).read_text(encoding="utf-8"), folder)
    _from_now_on(folder)
    return regional


def _from_now_on(folder: Path) -> None:
    """The new study is there, also where Ctrl-C ends its run: the command that made it would be refused."""
    again = f"huanhua run {shlex.quote(shown(folder))}"
    go_on_with(again)
    print_line(said("from now on: {command}", command=again))
