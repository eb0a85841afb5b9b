"""train: from a training set to a LoRA file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from models.errors import InputError
from models.lora_kinds import LoraKind
from studies.cli.progress.console import ConsoleCallback, print_line
from studies.cli.progress.next_step import print_trained_next
from studies.project.folder import LORAS, MODELS
from studies.project.typed import typed_base, typed_lora, typed_path


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
        int | None, typer.Option(min=1, help="with --track: steps between sample pictures; an eighth of all if not given")
    ] = None,
    sample_prompt: Annotated[
        str | None, typer.Option(help="with --track: what samples show; the first caption if not given")
    ] = None,
) -> None:
    """Train one LoRA. A killed training resumes when the same command is given again."""
    from studies.project.bases import only_base
    from studies.project.training_sets import set_facts
    from studies.project.webui.recorded import webuis_of
    from studies.tracking.study_tracker import open_tracker_at
    from studies.training.describe import describe_trained
    from studies.training.samples import CFG, SampleSettings
    from studies.training.tracked import TRAININGS, close_training_tracker, train_tracked
    from studies.training.train import folder_trigger, train_lora, train_request

    if track is None and (sample_every, sample_prompt) != (None, None):
        raise InputError("sample pictures are drawn for MLflow alone", "--sample-every, --sample-prompt", "add --track WHERE")
    made = set_facts(dataset)
    kind = kind or made.kind
    if kind is None:
        raise InputError("the set does not tell what the LoRA is of", dataset, "add --kind face, clothing, shoes or other")
    given, base = base, typed_base(base) if base is not None else str(only_base(typed_path(MODELS), webuis_of(Path())))
    out = out or typed_path(Path(LORAS, f"{trigger or made.trigger or folder_trigger(dataset)}.safetensors"))
    request = train_request(dataset, out, kind, family=preset, base=base, trigger=trigger, settings=settings or ())
    callback, companions = ConsoleCallback(), beside or ()
    if track is None:
        trained = train_lora(request, base, companions, callback=callback)
    else:
        samples = SampleSettings(sample_every, sample_prompt, CFG[preset or request.family or "sd15"])
        tracker = open_tracker_at(track, TRAININGS)
        try:
            trained = train_tracked(request, base, companions, kind=kind, tracker=tracker, samples=samples, callback=callback)
        finally:
            close_training_tracker(tracker, callback)
    for line in describe_trained(trained):
        print_line(line)
    typer.echo(out)
    print_trained_next(out, [*([] if given is None else ["--base", given]), *([] if preset is None else ["--preset", preset])])
