"""enlarge: the pick's picture as a large one, redrawn in tiles where that is asked for."""

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
from studies.enlarging.settings import BY
from studies.project.typed import typed_upscaler

if TYPE_CHECKING:
    from models.vision.upscaler import Upscaler
    from studies.enlarging.job import LargeSeed
    from studies.study import Study


def enlarge(
    study: StudyArgument,
    upscaler: Annotated[
        Path | None,
        typer.Option(
            "--upscaler", help="an ESRGAN-type model (.safetensors, .pth); Lanczos where none is named", parser=typed_upscaler
        ),
    ] = None,
    by: Annotated[float, typer.Option("--by", help="how many times as wide and high, above 1 to 4")] = BY,
    redraw: Annotated[bool, typer.Option("--redraw", help="draw it again in tiles, kept only where that breaks nothing")] = False,
    strength: Annotated[
        float | None,
        typer.Option(
            "--strength", help="of --redraw: A1111's denoising strength, above 0 to 1; by default 0.2, then 0.15, then 0.1"
        ),
    ] = None,
    tile: Annotated[
        Path | None,
        typer.Option("--tile", help="with --redraw: a ControlNet of tiles (folder or .safetensors) that is told each tile"),
    ] = None,
    seed: Annotated[
        list[int] | None,
        typer.Option("--seed", min=0, help="a seed that was run; may be given again; all with a pick by default"),
    ] = None,
    blur: BlurOption = True,
    workspace: WorkspaceOption = None,
    as_json: JsonEventsOption = False,
) -> None:
    """Make a large picture of the pick, the mended one where it was mended. Exit status 1 if a redrawing was not kept.

    What is redrawn is judged again, at the size of the pick: what breaks a requirement, the face or the composition is not kept.
    """
    from studies.enlarging.job import enlarge_study
    from studies.enlarging.settings import Enlarging

    Enlarging(by, redraw, strength, tile=tile)  # before an upscaler is opened
    opened = open_study(study, workspace, *(seed or ()))
    settings = Enlarging(by, redraw, strength, None if upscaler is None else _opened(opened, upscaler), tile)
    callback = JsonStages() if as_json else ConsoleCallback()
    found = enlarge_study(opened, seed or (), settings, callback=callback, blurred=blur)
    if as_json:
        write_event("done", seeds=[_as_json(one) for one in found])
    else:
        for one in found:
            for line in _lines(one):
                typer.echo(line)
        picked = [one.outcome.seed for one in found if one.outcome.pick is not None]
        if picked:
            print_next("export", study, "--seed", picked[0], "--to", "png", workspace=workspace)
    if redraw and not all(one.large.making.kept for one in found):
        raise typer.Exit(1)


def _opened(study: Study, path: Path) -> Upscaler:
    from models.vision.upscaler import open_upscaler

    return open_upscaler(path, study.models.device)


def _lines(one: LargeSeed) -> list[str]:
    from studies.run.verdicts.enlarging import large_words, tries_words
    from studies.run.verdicts.moved import moved_words

    head = said("seed {seed}: {what}", seed=one.outcome.seed, what=translated(large_words(one.large)))
    before, after = one.before, one.after
    moved = map(translated, moved_words(before.violations, after.violations))
    drift = said("drift: {before:.2f} before, {after:.2f} large", before=before.drift, after=after.drift)
    tries = map(translated, tries_words(one.large.making))
    return [head, *(f"  {line}" for line in (*tries, *moved, drift)), f"  {one.large.image}"]


def _as_json(one: LargeSeed) -> dict[str, Any]:
    before, after = one.before, one.after
    return {
        "seed": one.outcome.seed,
        "before": {name: round(by, 4) for name, by in before.violations.items()},
        "after": {name: round(by, 4) for name, by in after.violations.items()},
        "drift": [round(before.drift, 4), round(after.drift, 4)],
        "large": one.large.as_json(),
    }
