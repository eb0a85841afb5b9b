"""prepare: from photos to a training set."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final

import typer

from models.errors import InputError
from models.language.translate import phrase, said
from models.lora_kinds import LoraKind
from studies.cli.options import JsonEventsOption
from studies.cli.progress.console import ConsoleCallback, print_line
from studies.cli.progress.json_events import write_event
from studies.cli.progress.json_stages import JsonStages
from studies.project.folder import MODELS
from studies.project.typed import typed_model, typed_path

AUTO: Final = "auto"


def prepare(
    photos: Annotated[Path, typer.Argument(help="folder of photos", parser=typed_path)],
    out: Annotated[Path, typer.Argument(help="the training set to write", parser=typed_path)],
    kind: Annotated[LoraKind, typer.Option(help="what the LoRA is of")],
    trigger: Annotated[str, typer.Option(help="its trigger word, a word of your own such as testdress")],
    size: Annotated[str, typer.Option(help="width x height of whole pictures; small things get half of it")] = "512x768",
    parser: Annotated[
        str,
        typer.Option(
            help="part parser: SegFormer folder or hub name; pose (models/dwpose) or a pose model's .onnx; or none; "
            "auto: models/fashn-human-parser, else pose if that is there, else the hub's parser",
        ),
    ] = AUTO,
    tagger: Annotated[
        str,
        typer.Option(
            help="a WD14 tagger's folder, an open_clip model (ViT-L-14/openai, local-dir:PATH), or none; auto: "
            "models/wd-vit-tagger-v3 if it is there"
        ),
    ] = AUTO,
    tags: Annotated[
        Path | None, typer.Option(help="YAML of tag groups for an open_clip tagger, not the common ones", parser=typed_path)
    ] = None,
    caption_reg: Annotated[
        bool, typer.Option("--caption-reg", help="tag the wearers' pictures too; kohya leaves them untagged")
    ] = False,
    reg_class: Annotated[
        str | None, typer.Option(help="train wearers under this word, such as girl (class prior); under the trigger if not given")
    ] = None,
    left_to_trigger: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help="leave out tags that such a share of the pictures have: the trigger means them"),
    ] = None,
    boxes: Annotated[
        Path | None,
        typer.Option(help="boxes by photo, as `huanhua boxes` draws them; boxes.json in PHOTOS by default", parser=typed_path),
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="family of presets whose steps the repeats follow: sd15, sdxl or lab; sd15 by default")
    ] = None,
    as_json: JsonEventsOption = False,
) -> None:
    """Make a kohya-style training set: two crops of each photo, captions, a contact sheet."""
    from studies.training.describe import describe_prepared
    from studies.training.prepare import prepare_photos
    from trainers.prepare.settings import SD15_PLAN, PrepareSettings
    from trainers.train.settings.preset_families import preset as preset_of

    settings = PrepareSettings(
        kind=kind,
        trigger=trigger,
        size=parse_size(size),
        plan=SD15_PLAN if preset is None else preset_of(preset, kind).plan,
        caption_reg=caption_reg,
        reg_class=reg_class,
        left_to_trigger=left_to_trigger,
        boxes=boxes,
    )
    callback = JsonStages() if as_json else ConsoleCallback()
    prepared, sheet = prepare_photos(
        photos, out, settings, parser=parser_named(parser), tagger=tagger_named(tagger), tags=tags, callback=callback
    )
    for line in describe_prepared(prepared):
        print_line(line)
    if as_json:
        write_event("done", set=str(out), sheet=str(sheet))
    else:
        typer.echo(sheet)


def parser_named(name: str) -> str:
    """The part parser of that name, or the one that `huanhua models get` fetched here, or the pose model that it fetched, or else
    the hub's parser. Raises InputError if the pose model is asked for and not here."""
    from models.catalogue import real_model
    from studies.scorer_spec import FROM_POSE

    pose, parser = real_model("dwpose"), real_model("fashn-human-parser")
    folder = pose.found(typed_path(MODELS))
    if name == FROM_POSE:
        if folder is None:
            raise InputError("no pose model is here", pose.folder(Path(MODELS)), "fetch it: huanhua models get dwpose")
        return str(folder / pose.files[0])
    if name != AUTO:
        return typed_model(name)
    there = parser.found(typed_path(MODELS))
    if there is None and folder is not None:
        typer.echo(said("no part parser is here: parts are told from the pose model {file}", file=folder / pose.files[0]))
        return str(folder / pose.files[0])
    return str(there or parser.repo)


def tagger_named(name: str) -> str:
    """The tagger of that name, or the one that `huanhua models get` fetched here, or else none."""
    from models.catalogue import real_model

    if name != AUTO:
        return typed_model(name)
    return str(real_model("wd-vit-tagger-v3").found(typed_path(MODELS)) or "none")


def parse_size(text: str) -> tuple[int, int]:
    """Width and height of "512x768". Raises InputError for another form."""
    match = re.fullmatch(r"(\d{2,4})x(\d{2,4})", text)
    if match is None:
        raise InputError(phrase("not a size: {text}", text=text), "--size", "write it as 512x768")
    return int(match[1]), int(match[2])
