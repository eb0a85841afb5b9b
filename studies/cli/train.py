"""train: from a training set to a LoRA file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.errors import InputError
from models.lora_kinds import LoraKind
from studies.cli.options import JsonEventsOption
from studies.cli.progress.console import ConsoleCallback, print_line
from studies.cli.progress.json_events import write_event
from studies.cli.progress.json_stages import JsonTraining, QuietStages, tell_sample
from studies.cli.progress.next_step import print_trained_next
from studies.project.folder import LORAS, MODELS
from studies.project.typed import typed_base, typed_lora, typed_path

if TYPE_CHECKING:
    from models.base.family import Base
    from studies.training.samples import SampleSettings
    from trainers.train.callback import TrainingCallback
    from trainers.train.progress import Trained
    from trainers.train.settings.request import TrainRequest


def train(
    dataset: Annotated[Path, typer.Argument(help="a training set made by prepare, or any kohya-style folder", parser=typed_path)],
    base: Annotated[
        str | None,
        typer.Option(help="the base: .safetensors, diffusers folder or hub name; by default the one in models/ or a WebUI"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="the LoRA file to write; by default loras/TRIGGER.safetensors", parser=typed_path)
    ] = None,
    kind: Annotated[
        LoraKind | None, typer.Option(help="preset: face, clothing, shoes or other; by default the one the set was made for")
    ] = None,
    trigger: Annotated[str | None, typer.Option(help="trigger word; by default the one the folder is named after")] = None,
    preset: Annotated[
        str | None, typer.Option(help="sd15, sdxl, or lab for the paper-doll base; by default the one for the base's family")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="change the preset, such as rank=16 or plan.epochs=5")
    ] = None,
    save_every: Annotated[
        int | None, typer.Option(min=1, help="keep a file every so many epochs too: TRIGGER-000002.safetensors")
    ] = None,
    beside: Annotated[
        list[Path] | None,
        typer.Option(help="a finished LoRA that will be active together with this one; may be given again", parser=typed_lora),
    ] = None,
    track: Annotated[
        str | None,
        typer.Option(
            metavar="WHERE", help="log loss and sample pictures to MLflow: where a study logs, in a folder, or to a server's URI"
        ),
    ] = None,
    sample_every: Annotated[
        int | None,
        typer.Option(
            min=1, help="with --track or --samples: steps between sample pictures; an eighth or a quarter of all if not given"
        ),
    ] = None,
    sample_prompt: Annotated[
        str | None, typer.Option(help="with --track or --samples: what samples show; the first caption if not given")
    ] = None,
    samples: Annotated[
        Path | None, typer.Option(metavar="DIR", help="draw sample pictures into this folder, without MLflow", parser=typed_path)
    ] = None,
    as_json: JsonEventsOption = False,
) -> None:
    """Train one LoRA. A killed training resumes when the same command is given again."""
    from studies.project.bases import only_base
    from studies.project.training_sets import set_facts
    from studies.project.webui.recorded import webuis_of
    from studies.training.describe import describe_trained
    from studies.training.samples import CFG, SampleSettings
    from studies.training.train import folder_trigger, train_request

    if track is None and samples is None and (sample_every, sample_prompt) != (None, None):
        raise InputError(
            "nothing says where sample pictures go", "--sample-every, --sample-prompt", "add --track WHERE or --samples DIR"
        )
    if track is not None and (samples is not None or as_json):
        raise InputError("sample pictures go to MLflow or to a folder", "--track, --samples, --json", "leave one of them out")
    made = set_facts(dataset)
    kind = kind or made.kind
    if kind is None:
        raise InputError("the set does not tell what the LoRA is of", dataset, "add --kind face, clothing, shoes or other")
    given, base = base, typed_base(base) if base is not None else str(only_base(typed_path(MODELS), webuis_of(Path())))
    out = out or typed_path(Path(LORAS, f"{trigger or made.trigger or folder_trigger(dataset)}.safetensors"))
    request = train_request(
        dataset, out, kind, family=preset, base=base, trigger=trigger, settings=settings or (), save_every=save_every
    )
    drawn = SampleSettings(sample_every, sample_prompt, CFG[preset or request.family or "sd15"])
    training = _Training(request, base, tuple(beside or ()), kind, drawn)
    trained = _followed(training, samples, as_json=as_json) if track is None else _tracked(training, track)
    for line in describe_trained(trained):
        print_line(line)
    if as_json:
        write_event("done", file=str(out))
        return
    typer.echo(out)
    print_trained_next(out, [*([] if given is None else ["--base", given]), *([] if preset is None else ["--preset", preset])])


@dataclass(frozen=True)
class _Training:
    request: TrainRequest
    base: str
    companions: Sequence[Path]
    kind: LoraKind
    drawn: SampleSettings


def _followed(training: _Training, samples: Path | None, *, as_json: bool) -> Trained:
    """Without MLflow: samples into a folder, if one is named, and JSON lines, if they are asked for."""
    from studies.training.sample_folder import follower
    from studies.training.train import train_lora

    told = JsonTraining() if as_json else None
    opened: Callable[[Base], TrainingCallback] | None = None if told is None else lambda _: told
    if samples is not None:
        drawn, on_written = training.drawn, tell_sample if as_json else lambda step, file: None
        opened = follower(training.request, samples, drawn.prompt, drawn.cfg, drawn.every, on_written, told)
    callback = QuietStages() if as_json else ConsoleCallback()
    return train_lora(training.request, training.base, training.companions, callback=callback, training_callback=opened)


def _tracked(training: _Training, track: str) -> Trained:
    from studies.tracking.study_tracker import open_tracker_at
    from studies.training.tracked import TRAININGS, close_training_tracker, train_tracked

    callback, tracker = ConsoleCallback(), open_tracker_at(track, TRAININGS)
    try:
        return train_tracked(
            training.request, training.base, training.companions, kind=training.kind, tracker=tracker, samples=training.drawn,
            callback=callback,
        )  # fmt: skip
    finally:
        close_training_tracker(tracker, callback)
