"""levels: what is good enough to a person's eye becomes what a study requires."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from models.errors import InputError
from models.language.translate import phrase, said, translated
from studies.cli.options import JsonOption, OneSeedOption, StudyArgument, WorkspaceOption, open_study
from studies.cli.progress.console import console, print_line
from studies.cli.progress.next_command import print_next
from studies.project.typed import typed_path

if TYPE_CHECKING:
    from studies.levels.outcome import Settled
    from studies.levels.sitting import Asked, Sitting
    from studies.run.outcome import Outcome
    from studies.study import Study

QUIT: Final = "q"
DIGITS: Final = "0123456789"
HELP: Final = (
    "the numbers of those that are good enough, such as 2 or 12; a for all, n for none; q ends here and keeps the answers"
)


def levels(
    study: StudyArgument,
    seed: OneSeedOption = None,
    shown: Annotated[int, typer.Option("--pictures", min=2, max=4, help="pictures of a question")] = 2,
    page: Annotated[bool, typer.Option("--page", help="ask on a page of this machine, where one clicks")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="of the page; a free one by default")] = 0,
    answers: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="JSON of a program: a list of {lora, enough: {image: true}}", parser=typed_path),
    ] = None,
    draw: Annotated[int, typer.Option("--draw", min=0, max=20, help="pictures to draw first, where those stored leave gaps")] = 0,
    afresh: Annotated[bool, typer.Option("--afresh", help="drop the answers of a sitting that was left")] = False,
    blur: Annotated[bool, typer.Option("--blur/--no-blur", help="leave pictures with little clothing out")] = True,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask which stored pictures are still good enough, at most eight times, and require that in study.yaml. Without --draw
    nothing is drawn."""
    from studies.levels.drawing import draw_between
    from studies.levels.pictures import level_pictures
    from studies.levels.sitting import Sitting
    from studies.spec import study_file

    opened, file = open_study(study, workspace, seed), study_file(study)
    if draw:
        pictures = draw_between(opened, seed, draw, _print_drawn, bare=not blur)
    else:
        pictures = level_pictures(opened, seed, bare=not blur)
    sitting = Sitting(opened.workspace, pictures, shown=shown, afresh=afresh or answers is not None)
    for note in pictures.notes:
        print_line(note)
    if sitting.dropped:
        print_line(said("{count} earlier answers are about pictures that are gone: asked anew", count=sitting.dropped))
    if answers is not None:
        _replay(sitting, answers)
    elif page:
        _ask_on_page(opened, sitting, port)
    elif not as_json:
        _ask_in_terminal(opened, sitting)
    if (asked := sitting.question()) is not None:
        _left(study, workspace, opened, sitting, asked, as_json=as_json)
        return
    _settle(study, workspace, opened, file, sitting, seed, as_json=as_json)


def _print_drawn(lora: str, weight: float) -> None:
    print_line(said("draw {lora} at {weight:g}", lora=lora, weight=weight))


def _ask_in_terminal(study: Study, sitting: Sitting) -> None:
    from scorers.levels.questions import MOST
    from studies.cli.progress.terminal_picture import print_large
    from studies.report.sheets.level import ReferencePhotos, level_sheet

    screen, photos = console(), ReferencePhotos(study, sitting.pictures)
    if sitting.answered:
        print_line(said("going on after {count} answers; --afresh drops them", count=sitting.answered))
    while (asked := sitting.question()) is not None:
        picture = level_sheet(photos, asked)
        print_large(screen, picture)
        print_line(said("picture {file}", file=picture))
        text = "question {number} of at most {most}: in which is {lora} still good enough? ({help})"
        print_line(said(text, number=asked.number, most=MOST, lora=asked.lora, help=said(HELP)))
        typed = _typed(len(asked.pictures))
        if typed is None:
            return
        sitting.answer(asked, {p.image.name: enough for p, enough in zip(asked.pictures, typed, strict=True)})


def _typed(count: int) -> list[bool] | None:
    """What a person typed of each picture; None to stop, also where there is nobody to type."""
    while True:
        try:
            text = input("> ").strip().lower()
        except EOFError:
            return None
        if text == QUIT:
            return None
        named = {"a": set(range(1, count + 1)), "b": set(range(1, count + 1)), "n": set[int]()}
        chosen = named.get(text, {int(letter) for letter in text if letter in DIGITS})
        understood = text in named or (chosen and set(text) <= set(DIGITS + ", "))
        if understood and chosen <= set(range(1, count + 1)):
            return [number in chosen for number in range(1, count + 1)]
        print_line(said("not understood: {help}", help=said(HELP)))


def _ask_on_page(study: Study, sitting: Sitting, port: int) -> None:
    from dashboards.level_page.server import serve
    from studies.report.level_questions import LevelQuestions

    def print_address(address: str) -> None:
        print_line(said("page   {address}", address=address))
        print_line(said("Ctrl-C ends it; what was answered is kept"))

    serve(LevelQuestions(study, sitting), print_address, port)


def _replay(sitting: Sitting, file: Path) -> None:
    """A program's answers, to the questions in the order in which they are asked. Raises InputError for another form."""
    mend = 'write [{"lora": "dress", "enough": {"IMAGE": true, "IMAGE": false}}], as `levels --json` asks'
    try:
        given: Any = json.loads(file.read_text(encoding="utf-8"))
        answers = [(str(one["lora"]), dict(one["enough"])) for one in given]
    except OSError as error:
        raise InputError("the answers cannot be read", file, mend) from error
    except (ValueError, TypeError, KeyError) as error:
        raise InputError("no answers", file, mend) from error
    for number, (lora, enough) in enumerate(answers, 1):
        asked = sitting.question()
        if asked is None:
            raise InputError(
                phrase("answer {number} is to no question", number=number),
                file,
                phrase("{number} questions were asked: leave it out", number=number - 1),
            )
        if asked.lora != lora:
            raise InputError(
                phrase(
                    "answer {number} is about {lora}, the question is about {lora_2}", number=number, lora=lora, lora_2=asked.lora
                ),
                file,
                mend,
            )
        sitting.answer(asked, enough)


def _left(study: Path, workspace: Path | None, opened: Study, sitting: Sitting, asked: Asked, *, as_json: bool) -> None:
    """Where questions are left."""
    if as_json:
        from studies.report.sheets.level import ReferencePhotos, level_sheet

        question = {
            "number": asked.number,
            "lora": asked.lora,
            "pictures": [{"image": picture.image.name, "file": str(picture.image)} for picture in asked.pictures],
            "sheet": str(level_sheet(ReferencePhotos(opened, sitting.pictures), asked)),
        }
        typer.echo(json.dumps({"question": question, "answered": sitting.answered}, indent=1))
        return
    print_line(said("nothing is set yet: {count} answers are kept", count=sitting.answered))
    print_next("levels", study, workspace=workspace)


def _settle(
    study: Path, workspace: Path | None, opened: Study, file: Path, sitting: Sitting, seed: int | None, *, as_json: bool
) -> None:
    from studies.levels.outcome import settle

    if not sitting.levels():
        raise InputError("no picture tells more than is known", file, "run the study further, or name --pictures 2")
    settled = settle(opened, file, sitting, seed)
    if as_json:
        typer.echo(json.dumps({"question": None, "answered": sitting.answered, **settled.as_json()}, indent=1))
        return
    for line in _lines(settled, file, sitting.answered):
        typer.echo(line)
    print_next("run", study, workspace=workspace)


def _lines(settled: Settled, file: Path, answered: int) -> list[str]:
    """For people: each level with how sure it is, and what each seed's pick becomes."""
    from scorers.levels.psychometric import SURE

    lines = [said("{file}: search.require by {count} answers", file=file, count=answered)]
    for name, level in settled.levels.items():
        text = "{value:.2f}, {sure:.0%} sure that it lies between {low:.2f} and {high:.2f}; it was {before:.2f}"
        before = settled.before[name]
        lines.append(f"  {name:<10} {said(text, value=level.value, sure=SURE, low=level.low, high=level.high, before=before)}")
        if level.value > 1:
            above = "{name}: more than its 1, the best of its ladder and of the start image: few other images can show it"
            lines.append(f"  {'':<10} {said(above, name=name)}")
    for old, new in settled.outcomes:
        lines.append(said("seed {seed}: {old}; now {new}", seed=new.seed, old=_pick(old), new=_pick(new)))
    return lines


def _pick(outcome: Outcome) -> str:
    if outcome.pick is None:
        return said("nothing met all")
    record, claim = outcome.record(outcome.pick), translated(outcome.claim)
    return said("trial {number} (total {total:.2f}: {claim})", number=record.number, total=record.judged.cost, claim=claim)
