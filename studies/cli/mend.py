"""mend: hands, face or feet of the pick drawn again, the rest as it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.language.translate import said, translated
from studies.cli.options import BlurOption, JsonEventsOption, StudyArgument, WorkspaceOption, open_study
from studies.cli.progress.console import ConsoleCallback
from studies.cli.progress.json_events import write_event
from studies.cli.progress.json_stages import JsonStages
from studies.cli.progress.next_command import print_next
from studies.mending.tries import TRIES

if TYPE_CHECKING:
    from studies.mending.job import MendedSeed


def mend(
    study: StudyArgument,
    parts: Annotated[str, typer.Option("--parts", metavar="hands,face,feet", help="what of the figure to draw again")],
    seed: Annotated[
        list[int] | None, typer.Option("--seed", min=0, help="a seed that was run; may be given again; all of them by default")
    ] = None,
    tries: Annotated[
        int,
        typer.Option(
            "--tries",
            help="the most redrawings of each place, each with other noise; with --control as many again where it then is",
        ),
    ] = TRIES,
    strength: Annotated[
        float | None,
        typer.Option(
            "--strength",
            help="A1111's denoising strength, above 0 to 1; by default from 0.4 in the first try to 0.9, with --control 1",
        ),
    ] = None,
    padding: Annotated[
        float | None,
        typer.Option(
            "--padding",
            help="what is shown around, in pixels of a picture of 512; by default 32 to the whole figure, with --control that",
        ),
    ] = None,
    control: Annotated[
        Path | None,
        typer.Option("--control", help="a ControlNet (folder or .safetensors) that leads what is redrawn to the locked image"),
    ] = None,
    hint: Annotated[
        str | None,
        typer.Option("--hint", help="of --control: canny, lineart, depth, pose or tile of the locked image, or a picture"),
    ] = None,
    detector: Annotated[
        Path | None, typer.Option("--detector", help="of --hint depth or pose: the model that detects it")
    ] = None,
    control_strength: Annotated[
        float | None, typer.Option("--control-strength", help="of --control: above 0 to 2, by default 0.75")
    ] = None,
    blur: BlurOption = True,
    workspace: WorkspaceOption = None,
    as_json: JsonEventsOption = False,
) -> None:
    """Redraw a part of the pick's picture, kept where it is better and nothing else is worse. Exit status 1 if none is.

    Where a seed has no pick and the part is what blocks its nearest trial, that trial's picture is mended. A ControlNet leads the
    part to where the locked image has it: with --hint canny, hands that the locked image shows whole.
    """
    from studies.mending.control import control_named
    from studies.mending.job import mend_study
    from studies.mending.parts import parts_named
    from studies.mending.tries import Tries

    named, settings = parts_named(parts), Tries(tries, strength, padding)
    led_by = control_named(control, hint, detector, control_strength)
    opened = open_study(study, workspace, *(seed or ()))
    callback = JsonStages() if as_json else ConsoleCallback()
    found = mend_study(opened, named, seed or (), settings, control=led_by, callback=callback, blurred=blur)
    if as_json:
        write_event("done", seeds=[_as_json(one) for one in found])
    else:
        for one in found:
            for line in _lines(one, led=led_by is not None):
                typer.echo(line)
        picked = [one.outcome.seed for one in found if one.kept and one.outcome.pick is not None]
        if picked:
            print_next("export", study, "--seed", picked[0], "--to", "png", workspace=workspace)
        else:
            print_next("show", study, workspace=workspace)
    if not all(one.kept for one in found):
        raise typer.Exit(1)


def _lines(one: MendedSeed, *, led: bool) -> list[str]:
    from studies.run.verdicts.mending import mended_words
    from studies.run.verdicts.moved import moved_words

    mended = one.outcome.mended
    if one.refused is not None:
        return [said("seed {seed}: not mended: {why}", seed=one.outcome.seed, why=one.refused.translated())]
    if not one.kept or mended is None:
        what = said("nothing is kept: no try was better without breaking anything else")
        head = said("seed {seed}: {what}", seed=one.outcome.seed, what=what)
        advice = said("a ControlNet can lead it to where the locked image has it: --control FILE --hint canny (docs/mending.md)")
        return [head] if led else [head, f"  {advice}"]
    head = said("seed {seed}: {what}", seed=one.outcome.seed, what=translated(mended_words(mended)))
    moved = map(translated, moved_words(one.before, mended.judged.violations))
    return [head, *(f"  {line}" for line in moved), f"  {mended.image}"]


def _as_json(one: MendedSeed) -> dict[str, Any]:
    mended = one.outcome.mended
    return {
        "seed": one.outcome.seed,
        "kept": one.kept,
        **({"refused": one.refused.translated()} if one.refused else {}),
        "before": {name: round(by, 4) for name, by in one.before.items()},
        "after": None if mended is None else {name: round(by, 4) for name, by in mended.judged.violations.items()},
        "mended": None if mended is None else mended.as_json(),
    }
