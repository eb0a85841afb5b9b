"""score: explains any image by the scores of a study."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.errors import InputError
from models.language.translate import phrase, said, translated
from models.language.width import padded
from studies.cli.options import STUDY_HELP, JsonOption, WorkspaceOption, open_study
from studies.cli.progress.console import print_line
from studies.cli.progress.next_step import print_study_next
from studies.project.typed import typed_path, typed_study

if TYPE_CHECKING:
    from studies.report.explain import ScoredImage
    from studies.run.judge import Judge
    from studies.study import Study


def score(
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="pictures", parser=typed_path)],
    study: Annotated[Path, typer.Option("--study", help=STUDY_HELP, parser=typed_study)],
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="calibrate by what an earlier run of this seed drew")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print each score of each image, and write a picture of what was compared, with the photo it matched."""
    from studies.references.places import compared_with, place_notes
    from studies.references.source import words_of
    from studies.report.explain import open_images, score_images
    from studies.report.sheets.score import write_pictures

    opened = open_study(study, workspace, seed)
    found, wrong = open_images(images)
    for error in wrong:
        print(f"huanhua: {error.translated()}", file=sys.stderr)
    if found:
        judge = stored_judge(opened, seed)
        scored = score_images(opened, found, judge)
        pictures = write_pictures(opened, scored)
        sources = compared_with(opened)
        if as_json:
            report = {"seed": seed if judge else None, "references": sources, "images": _as_json(scored, pictures)}
            typer.echo(json.dumps(report, indent=1))
        else:
            for name, words in words_of(sources).items():
                print_line(phrase("references {name}: {words}", name=name, words=words))
            for name, line in place_notes(opened, changing=True).items():
                print_line(phrase("references {name}: {words}", name=name, words=line))
            for one, picture in zip(scored, pictures, strict=True):
                for line in lines_of(one, judge.require if judge else {}, picture):
                    typer.echo(line)
    if wrong:
        raise typer.Exit(2)
    print_study_next(opened, study, seed, workspace)


def stored_judge(study: Study, seed: int | None) -> Judge | None:
    """The judge of a seed that is calibrated. None, and a message, where no seed is given: scores are raw then."""
    from studies.grid.grid import stored_judges

    if seed is None:
        print_line(said("raw scores: name a calibrated seed with --seed N to see them between 0 and 1"))
        return None
    judges = stored_judges(study, [seed]) if study.workspace.read("calibration") else {}
    if seed not in judges:
        raise InputError(
            "this seed was not calibrated", seed, phrase("run `huanhua run STUDY --seed {seed}`, or leave --seed out", seed=seed)
        )
    return judges[seed]


def lines_of(scored: ScoredImage, require: Mapping[str, float], picture: Path) -> Iterator[str]:
    """For people: each score on a line, with the photo it matched."""
    from scorers.score.parts.shown import in_words
    from scorers.score.registry import BY_NAME

    yield str(scored.file)
    for name, raw in scored.raw.items():
        facts = [said("raw {raw:.3f}", raw=raw)]
        if scored.scores is not None:
            value = scored.scores.expression[name]
            facts.insert(0, said("not measurable here") if value is None else f"{value:.2f}")
            facts += [said("needs {least:g}", least=require[name])] if name in require else []
        match = scored.matches.get(name)
        facts.append(said("nearest {file}", file=match.file.name) if match else said("not found in the image"))
        yield f"  {name:<10} {said(', ').join(facts)}"
        yield from (f"  {'':<10} {translated(in_words(parts))}" for parts in [scored.parts.get(name, ())] if parts)
        yield from (f"  {'':<10} {said('unsure: {why}', why=translated(why))}" for why in scored.doubts.get(name, ()))
    yield from _small_face(scored)
    for name, number in scored.standalone.items():
        yield f"  {name:<10} {number:.2f}{said(', ')}{translated(BY_NAME[name].details(scored.observation))}"
    for name, value in scored.observation.extra.items():
        yield f"  {name:<10} {said('failed') if value is None else format(value, '.2f')}"
    yield from _compared(scored)
    yield f"  {padded(said('picture'), 10)} {picture}"


def _compared(scored: ScoredImage) -> Iterator[str]:
    """The scores that compare an image with the locked one; without a calibrated seed, what they would count."""
    from scorers.score.registry import SCORES

    if scored.scores is None:
        details = {score.name: score.details(scored.observation) for score in SCORES if score.standalone is None}
        yield from (f"  {name:<10} {translated(text)}" for name, text in details.items() if text)
        return
    for name, value in scored.scores.whole.items():
        if value.score.standalone is None:
            yield f"  {name:<10} {translated(value.text(sound=phrase('as in the locked image')))}"
    yield f"  {padded(said('breaks'), 10)} {', '.join(scored.breaks) or said('nothing')}"


def _small_face(scored: ScoredImage) -> Iterator[str]:
    from scorers.score.identity import SMALL, face_width

    width = face_width(scored.observation)
    if width is not None and width < SMALL:
        text = "{width:.0f} pixels wide: judged enlarged, and less surely than from {small:.0f} on"
        yield f"  {'face':<10} {said(text, width=width, small=SMALL)}"


def _as_json(scored: Sequence[ScoredImage], pictures: Sequence[Path]) -> list[dict[str, Any]]:
    return [{**one.as_json(), "picture": str(picture)} for one, picture in zip(scored, pictures, strict=True)]
