"""train: from a training set to a LoRA file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypedDict

import typer

from models.errors import InputError
from models.kinds import LoraKind
from studies.cli.progress.console import print_line, progress_bar

if TYPE_CHECKING:
    from models.base.opening import Base
    from studies.tracking.base import Tracker
    from trainers.train.callback import TrainingCallback
    from trainers.train.preset import Preset
    from trainers.train.progress import Trained

TRAININGS: Final = "huanhua trainings"
"""The experiment of trainings that are logged for no study."""


def train(
    dataset: Annotated[Path, typer.Argument(help="a training set made by prepare, or any kohya-style folder")],
    base: Annotated[str, typer.Option(help="the base to train on: .safetensors, diffusers folder or hub name")],
    out: Annotated[Path, typer.Option(help="the LoRA file to write")],
    kind: Annotated[LoraKind, typer.Option(help="preset: face, clothing, shoes or other")],
    trigger: Annotated[str | None, typer.Option(help="trigger word; by default the one the folder is named after")] = None,
    preset: Annotated[str, typer.Option(help="sd15, or lab for the paper-doll base")] = "sd15",
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="change the preset, such as rank=16 or plan.epochs=5")
    ] = None,
    beside: Annotated[
        list[Path] | None, typer.Option(help="a finished LoRA that this one will be worn with; may be given again")
    ] = None,
    track: Annotated[
        str | None,
        typer.Option(
            metavar="WHERE", help="log loss and sample pictures to MLflow: where a study logs, in a folder, or to a server's URI"
        ),
    ] = None,
    sample_every: Annotated[
        int | None, typer.Option(min=1, help="with --track: steps between sample pictures; an eighth of all if not given")
    ] = None,
    sample_prompt: Annotated[
        str | None, typer.Option(help="with --track: what samples show; the first caption if not given")
    ] = None,
) -> None:
    """Train one LoRA. A killed training goes on where it was when the same command is given again."""
    from studies.tracking.of_study import open_tracker_at

    if track is None and (sample_every, sample_prompt) != (None, None):
        raise InputError("sample pictures are drawn for MLflow alone", "--sample-every, --sample-prompt", "add --track WHERE")
    given: Given = {"base": base, "kind": kind, "family": preset, "beside": beside or ()}
    if track is None:
        trained = train_showing(dataset, out, **given, trigger=trigger, settings=settings or ())
    else:
        tracker = open_tracker_at(track, TRAININGS)
        try:
            trained = train_tracked(
                dataset, out, tracker, sample_every, sample_prompt, given, trigger=trigger, settings=settings or ()
            )
        finally:
            close_training(tracker)
    for line in describe_training(trained):
        print_line(line)
    typer.echo(out)


class Given(TypedDict):
    """What the LoRA is trained on and for, as `train_showing` takes it."""

    base: str
    kind: LoraKind
    family: str
    beside: Sequence[Path]


def train_tracked(
    dataset: Path,
    out: Path,
    tracker: Tracker,
    every: int | None,
    prompt: str | None,
    given: Given,
    *,
    trigger: str | None,
    settings: Sequence[str],
) -> Trained:
    """Trains as `train_showing` does, and logs it; `prompt` is what samples show, in place of the first caption."""
    from studies.training.log import CFG, TrainingLog, caption_of, drawing, manifest_of, training_params

    logs = []

    def watching(opened: Base, chosen: Preset, word: str) -> TrainingLog:
        params = training_params(chosen, given["base"], dataset, given["kind"], word, given["beside"])
        said = prompt or caption_of(dataset, word)
        draw = drawing(opened, said, chosen.size, CFG.get(given["family"], CFG["sd15"]))
        logs.append(TrainingLog(tracker, out.stem, {**params, "sample_prompt": said}, manifest_of(dataset), draw, every))
        return logs[0]

    trained = train_showing(dataset, out, **given, trigger=trigger, settings=settings, watching=watching)
    logs[0].ended(trained)
    return trained


def close_training(tracker: Tracker) -> None:
    missing = tracker.close()
    if missing.titles:
        print_line(f"not logged to MLflow: {len(missing.titles)} records ({missing.reason}); the LoRA itself is not concerned")


def train_showing(
    dataset: Path,
    out: Path,
    *,
    base: str,
    kind: LoraKind,
    trigger: str | None,
    family: str,
    settings: Sequence[str] = (),
    beside: Sequence[Path] = (),
    watching: Callable[[Base, Preset, str], TrainingCallback] | None = None,
) -> Trained:
    """Trains with a progress bar that shows loss and time left; `watching` makes who looks on."""
    from studies.training.train import train_lora

    with progress_bar(f"train {out.stem}") as advance:
        return train_lora(
            dataset,
            out,
            base=base,
            kind=kind,
            trigger=trigger,
            family=family,
            settings=settings,
            beside=beside,
            progress=lambda p: advance(p.step, p.steps, f"{p.stage} loss {p.loss:.3f}"),
            watching=watching,
        )


def describe_training(trained: Trained) -> list[str]:
    counts = f"{trained.steps} steps ({trained.train_steps} of train, {trained.reg_steps} of reg)"
    advice = [f"  advice: {line}" for line in trained.advice]
    if trained.seconds == 0:
        return [f"{trained.path.name}: trained already, {counts}", *advice]
    return [f"{trained.path.name}: {counts} in {trained.seconds:.0f} s, loss {trained.loss:.3f}", *advice]
