"""Arguments that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from models.errors import InputError
from models.language.translate import phrase
from studies.project.typed import typed_study

if TYPE_CHECKING:
    from studies.study import Study

STUDY_HELP: Final = "a study.yaml, its folder, or its name in the project's studies"
OneSeedOption = Annotated[int | None, typer.Option("--seed", min=0, help="only this seed")]
StudyArgument = Annotated[Path, typer.Argument(metavar="STUDY", help=STUDY_HELP, parser=typed_study)]
WorkspaceOption = Annotated[
    Path | None, typer.Option("--workspace", help="where everything the study makes lies; 'workspace' beside it by default")
]
ADDRESS: Final = "http://127.0.0.1:8265"
AddressOption = Annotated[str, typer.Option("--address", help="where `huanhua serve` takes studies")]
HostOption = Annotated[
    str | None,
    typer.Option("--host", help="an address of this machine where others reach MLflow, behind the password in HUANHUA_PASSWORD"),
]
FromWebuiOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--from-webui",
        metavar="DIR",
        help="the folder of an A1111, Forge or ComfyUI whose models are used in place; may be given again",
    ),
]
BlurOption = Annotated[bool, typer.Option("--blur/--no-blur", help="show images with little clothing as a blur in dashboards")]
JsonOption = Annotated[bool, typer.Option("--json", help="print the result as JSON")]
JsonEventsOption = Annotated[bool, typer.Option("--json", help="print progress as JSON, one event a line")]


def open_study(path: Path, workspace: Path | None = None, *seeds: int | None) -> Study:
    """As `studies.study.open_study`, which is imported with the first study.

    Raises InputError, too, for one of `seeds` that what draws the study does not take: where nothing more is known of a seed
    than that it was not run, the advice is to run it.
    """
    from studies import study

    opened = study.open_study(path, workspace)
    largest = opened.spec.draw.largest_seed
    for seed in seeds:
        if seed is not None and not 0 <= seed <= largest:
            raise InputError(
                phrase("no seed: {seed}", seed=seed),
                "--seed",
                phrase("seeds of this study are whole numbers from 0 to {largest}", largest=largest),
            )
    return opened
